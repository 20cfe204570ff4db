package imports

// The import graph that is allowed. A new edge fails here; changing this table is a design decision.

import (
	"slices"
	"strings"
	"testing"
)

const module = "github.com/prlhf/prlhf/"

// ours says which packages of this module a package may import; packages that are not listed may import none.
var ours = map[string][]string{
	"cmd/prlhf": {"dsl", "runner", "runner/store", "reports", "specs", "torch"},
	// torch/lm, /usermodel and /objective are here for the plain settings that torch's jobs are made of.
	"runner": {"dsl", "arrowio", "arrowio/formats", "torch", "torch/chat", "torch/tokenizer", "torch/lm", "torch/usermodel", "torch/objective",
		"judges", "judges/openai", "reports", "reports/tracking", "runner/store"},
	"judges/openai":   {"judges"},
	"arrowio/formats": {"arrowio/parquet"},
	"torch":           {"torch/lm", "torch/usermodel", "torch/objective", "torch/tensor", "torch/safetensors"},
	"torch/lm":        {"torch/tensor", "torch/safetensors"},
	"torch/usermodel": {"torch/tensor", "torch/safetensors"},
	"torch/objective": {"torch/tensor", "torch/safetensors"},

	// For tests and measurements; nothing that ships imports these.
	"torch/tokenizer/tokenizertest": {"torch/tokenizer"},
	"torch/lm/lmtest":               {"torch/lm", "torch/safetensors", "torch/tensor"},
	"arrowio/formats/formatstest":   {"arrowio/formats"},
	"internal/rounding":             {"torch"},
	"internal/bench":                {"internal/rounding", "torch", "torch/lm", "torch/objective", "torch/usermodel", "torch/tokenizer", "torch/tensor"},
	"internal/parity": {"internal/rounding", "torch", "torch/lm", "torch/objective", "torch/usermodel", "torch/tensor", "torch/safetensors",
		"torch/chat", "torch/tokenizer", "torch/tokenizer/tokenizertest", "arrowio/formats/formatstest"},
}

// owners says who may import a third party's packages; the longest prefix counts. Others may be imported by nobody.
var owners = map[string][]string{
	"github.com/sugarme/gotch":           {"torch/tensor"},
	"github.com/apache/arrow/go/v17":     {"arrowio", "arrowio/parquet"},
	"github.com/google/flatbuffers":      {"arrowio"}, // with Arrow: its files' own tables
	"github.com/hashicorp/hcl/v2":        {"dsl"},
	"github.com/zclconf/go-cty":          {"dsl"},
	"github.com/rs/zerolog":              {"cmd/prlhf"},
	"github.com/agext/levenshtein":       {"arrowio/formats", "dsl"},
	"golang.org/x/sync":                  {"judges/openai"},
	"golang.org/x/term":                  {"cmd/prlhf"},
	"golang.org/x/sys":                   {"cmd/prlhf", "runner/store", "arrowio", "torch/safetensors"},
	"golang.org/x/text":                  {"torch/tokenizer"},
	"google.golang.org/protobuf":         {"reports/tracking"},
	"gonum.org/v1/plot":                  {"reports"},
	"gonum.org/v1/gonum":                 {"reports", "judges", "torch/usermodel"},
	"github.com/nikolalohinski/gonja/v2": {"torch/chat"},
}

// ranges are the packages that use hcl for source ranges and diagnostics only.
var ranges = []string{"runner", "cmd/prlhf"}

func TestImportGraph(t *testing.T) {
	edges, err := Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(edges) < 50 {
		t.Fatalf("read only %d imports; the module has more", len(edges))
	}
	for _, e := range edges {
		if why := refuse(e); why != "" {
			t.Errorf("%s imports %s: %s", e.File, e.To, why)
		}
	}
}

// refuse says why an edge may not be, or "".
func refuse(e Edge) string {
	if to, ok := strings.CutPrefix(e.To, module); ok {
		if slices.Contains(ours[e.From], to) {
			return ""
		}
		return e.From + " may import of this module: " + list(ours[e.From])
	}
	if domain, _, _ := strings.Cut(e.To, "/"); !strings.Contains(domain, ".") {
		return "" // the standard library
	}
	if e.To == "github.com/hashicorp/hcl/v2" && slices.Contains(ranges, e.From) {
		return ""
	}
	owner, known := ownersOf(e.To)
	if !known {
		return "no package may import it"
	}
	if slices.Contains(owner, e.From) {
		return ""
	}
	return "it stays behind " + list(owner)
}

func ownersOf(path string) ([]string, bool) {
	for {
		if owner, ok := owners[path]; ok {
			return owner, true
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return nil, false
		}
		path = path[:i]
	}
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// The table itself must refuse what the design refuses.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"runner", module + "torch", true},
		{"torch", module + "runner", false},
		{"torch/tensor", "github.com/sugarme/gotch/libtch", true},
		{"torch/lm", "github.com/sugarme/gotch/libtch", false},
		{"runner", "github.com/hashicorp/hcl/v2", true},
		{"runner", "github.com/hashicorp/hcl/v2/hclsyntax", false},
		{"reports", module + "dsl", false},
		{"dsl", "github.com/hashicorp/hcl/v2/hclsyntax", true},
		{"judges", "net/http", true},
		{"judges", "example.com/x", false},
	} {
		if got := refuse(Edge{From: c.from, To: c.to}) == ""; got != c.allowed {
			t.Errorf("%s imports %s: allowed %v; want %v", c.from, c.to, got, c.allowed)
		}
	}
}
