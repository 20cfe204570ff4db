//go:build libtorch && interop

// Exported folders give Python the policy: transformers and peft, by the script that an export comes with, give each user
// the log-probs and the greedy texts of our own forward pass.
package runner

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// served is a folder that Python is asked about, with what the policy gives itself.
type served struct {
	Export string       `json:"export"`
	Reward bool         `json:"reward"`
	End    int32        `json:"end"`
	Ask    []askedIDs   `json:"ask"`
	name   string       // for messages
	cases  []servedCase // as Ask
	sums   []float64
	texts  [][]int32 // nil for reward models
}

type askedIDs struct {
	servedCase
	IDs []int32 `json:"ids"`
}

// serve exports a policy and computes what Python is to answer.
func (l *lab) serve(name, addr, format string, reward bool) served {
	l.t.Helper()
	policy := l.openPolicy(addr)
	_, out := l.mustExport(addr, format)
	s := served{Export: out, Reward: reward, End: policy.end, name: name + ", " + addr + ", " + format, cases: policy.questions()}
	s.sums, s.texts = policy.ours(l.t, s.cases, !reward)
	for _, q := range s.cases {
		s.Ask = append(s.Ask, askedIDs{q, policy.example(q).Responses[0]})
	}
	return s
}

// checkServed asks one Python about all folders.
func checkServed(t *testing.T, all []served) {
	t.Helper()
	python := os.Getenv("PRLHF_PYTHON")
	if python == "" {
		t.Fatal("PRLHF_PYTHON names no Python; run make test-interop")
	}
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/interop/serve.py")
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "OMP_NUM_THREADS=1", "TRANSFORMERS_VERBOSITY=error")
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &said
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var answers []struct {
		Sums   []float64
		Greedy [][]int32
	}
	if err := json.Unmarshal(text, &answers); err != nil || len(answers) != len(all) {
		t.Fatalf("%v in %s", err, text)
	}
	for k, s := range all {
		for i, q := range s.cases {
			if got := answers[k].Sums[i]; math.Abs(got-s.sums[i]) > 1e-4*max(1, math.Abs(s.sums[i])) {
				t.Errorf("%s, %+v: Python %.6f, ours %.6f", s.name, q, got, s.sums[i])
			}
			if !s.Reward && !slices.Equal(answers[k].Greedy[i], s.texts[i]) {
				t.Errorf("%s, %+v: Python writes %v, we %v", s.name, q, answers[k].Greedy[i], s.texts[i])
			}
		}
	}
}

func TestInteropExport(t *testing.T) {
	var all []served
	for _, shape := range sortedKeys(shapes) {
		l := newExportLab(t, shape)
		policies := []string{`train.dpo["individual"]`, `train.dpo["own"]`, `train.dpo["cluster"]`, "train.again"}
		if shape == "gptj" {
			policies = append(policies, `train.dpo["vanilla"]`, `train.dpo["uniform"]`, "adapt.new")
		}
		l.realApply(policies...)
		for _, addr := range policies {
			for _, format := range []string{FormatHuggingFace, FormatMerged, FormatPEFT} {
				all = append(all, l.serve(shape, addr, format, false))
			}
		}
	}
	checkServed(t, all)
}

// TestInteropExportOfAChatModel: serve.py asks a policy through its chat template, in every format.
func TestInteropExportOfAChatModel(t *testing.T) {
	l := newExportLab(t, "llama")
	l.spec = strings.ReplaceAll(l.spec, "= model.tiny", "= model.chatty") + "\nmodel \"chatty\" {\n  source = model.tiny\n  chat_template = \"tulu\"\n}\n"
	l.realApply(`train.dpo["individual"]`, `train.reward["soft"]`)
	var all []served
	for _, format := range []string{FormatHuggingFace, FormatMerged, FormatPEFT} {
		all = append(all, l.serve("llama", `train.dpo["individual"]`, format, false), l.serve("llama", `train.reward["soft"]`, format, true))
	}
	checkServed(t, all)
	if ids := l.openPolicy(`train.dpo["individual"]`).example(servedCase{Prompt: "Why?"}).Prompt; !strings.Contains(l.openPolicy(`train.dpo["individual"]`).tok.Decode(ids, false), "<|assistant|>") {
		t.Errorf("our own prompt has no template in it: %v", ids)
	}
}

func TestInteropExportOfRewards(t *testing.T) {
	var all []served
	for _, shape := range []string{"llama", "gpt2"} {
		l := newExportLab(t, shape)
		l.realApply(`train.reward["soft"]`, `train.reward["heads"]`)
		for _, format := range []string{FormatHuggingFace, FormatMerged, FormatPEFT} {
			all = append(all, l.serve(shape, `train.reward["soft"]`, format, true))
		}
		for _, format := range []string{FormatMerged, FormatPEFT} {
			all = append(all, l.serve(shape, `train.reward["heads"]`, format, true))
		}
	}
	checkServed(t, all)
}
