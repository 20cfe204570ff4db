package dsl

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestRequiredTable: what is required is part of the language, so that a line cannot go stale unnoticed.
func TestRequiredTable(t *testing.T) {
	check := func(typ, name string) {
		if !slices.Contains(append(schemas[typ].names(), objects[typ].names()...), name) {
			t.Errorf("%s has no attribute %s", typ, name)
		}
	}
	for typ, names := range required {
		for _, name := range names {
			check(typ, name)
		}
	}
}

// TestEveryAttributeIsKnown: each attribute of the language's table is accepted or refused by name, none is unknown.
func TestEveryAttributeIsKnown(t *testing.T) {
	for _, typ := range slices.Sorted(maps.Keys(schemas)) {
		if typ == "section" {
			continue
		}
		for _, name := range schemas[typ].names() {
			_, diags := load(typ + ` "x" {` + "\n  " + name + " = null\n}\n")
			if text := listing(diags); strings.Contains(text, "has no attribute "+name) {
				t.Errorf("%s.%s:\n%s", typ, name, text)
			}
		}
	}
}

// TestLoRADefault: all weights over a model from nothing, however many trainings lie between; else the default adapter.
func TestLoRADefault(t *testing.T) {
	spec := mustLoad(t, `
synthetic "s" { format = "tldr" }

dataset "d" {
  format = "tldr"
  source = synthetic.s
}

model "nothing" { init = { texts = dataset.d.train } }
model "folder" { source = "folder" }
model "again" { source = train.second }

train "first" {
  base      = model.nothing
  data      = dataset.d.train
  objective = { kind = "sft" }
}

train "second" {
  base      = train.first
  data      = dataset.d.train
  objective = { kind = "dpo" }
}

train "third" {
  base      = model.again
  data      = dataset.d.train
  objective = { kind = "dpo" }
}

train "asked" {
  base      = train.first
  data      = dataset.d.train
  objective = { kind = "dpo" }
  lora      = { rank = 2 }
}

train "adapter" {
  base      = model.folder
  data      = dataset.d.train
  objective = { kind = "dpo" }
}

train "all" {
  base      = model.folder
  data      = dataset.d.train
  objective = { kind = "dpo" }
  lora      = null
}
`)
	want := map[string]int{"first": -1, "second": -1, "third": -1, "asked": 2, "adapter": 8, "all": -1} // -1: nil
	for _, tr := range spec.Trains {
		got := -1
		if tr.LoRA != nil {
			got = tr.LoRA.Rank
		}
		if got != want[tr.Addr.Name] {
			t.Errorf("%s: rank %d, want %d", tr.Addr, got, want[tr.Addr.Name])
		}
	}
}

// TestRanges: later phases find where nested settings were written.
func TestRanges(t *testing.T) {
	spec := mustLoad(t, `synthetic "s" { format = "tldr" }

dataset "d" {
  format = "tldr"
  source = synthetic.s
}

model "m" { init = { texts = dataset.d.train } }

train "dpo" {
  for_each = {
    vanilla = null
    cluster = { kind = "cluster", tokens = 4, clusters = 2 }
  }

  base       = model.m
  data       = dataset.d.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.3 }
  optimizer  = { lr = 1e-3, user_lr = 3e-3 }
}
`)
	tr := spec.Trains[1]
	for attr, want := range map[string]string{
		"optimizer.user_lr": "x.hcl:20,39-43", "optimizer": "x.hcl:20,16-45", "for_each.cluster.clusters": "x.hcl:13,58-59", "lora": "x.hcl:10,1-12",
	} {
		if got := tr.Range(attr).String(); got != want {
			t.Errorf("%s: %s, want %s", attr, got, want)
		}
	}
}
