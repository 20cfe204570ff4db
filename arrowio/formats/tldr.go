package formats

// The reader of tldr: the comparisons of the summarize-from-feedback data (Stiennon et al. 2020), one JSON object a line,
// with the rules by which P-RLHF's TL;DR experiment takes rows from them (Appendix C of the paper).

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/prlhf/prlhf/arrowio/parquet"
)

// maxTLDR is the most characters (code points) that prompt and one summary may have together. The authors' code counts
// the user identifier that it writes before the prompt too, which ours does not have.
const maxTLDR = 4800

// ReadTLDR yields the records of source, a file or a folder of *.json and *.jsonl, plain or gzip, or of *.parquet. An
// error, which is one of the disk and not of a line, ends it.
func ReadTLDR(source string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		names, err := Files("tldr", source)
		if err == nil && parquet.Is(Path(source, names[0])) {
			readParquet("tldr", source, hinted("tldr", tldrRecord), func(string, object) error { return nil })(yield)
			return
		}
		readFiles("tldr", source, TLDR)(yield)
	}
}

// TLDR yields a record for every line of r; name stands for the file in them. Chosen and rejected are as recorded in
// the data. Rows of other policies, with equal texts or too long are left out, as in the paper.
func TLDR(name string, r io.Reader) iter.Seq2[Record, error] {
	return records(name, r, hinted("tldr", tldrRecord))
}

func tldrRecord(record Record, fields object) Record {
	items, problem := fields.array("summaries")
	if problem.reason != "" {
		return record.bad(problem.reason, "%s", problem.detail)
	}
	if len(items) != 2 {
		return record.bad(WrongType, "summaries has %d items; 2 expected", len(items))
	}
	var texts [2]string
	compared := true
	for i, item := range items {
		text, policy, problem := summary(fmt.Sprintf("summaries[%d]", i), item)
		if problem.reason != "" {
			return record.bad(problem.reason, "%s", problem.detail)
		}
		texts[i] = text
		compared = compared && isSupervised(policy)
	}
	if !compared {
		return record.as(LeftOut, OtherPolicy, "a summary is not one of a supervised TL;DR policy")
	}
	record, problem = tldrFields(record, fields)
	if problem.reason != "" {
		return record.bad(problem.reason, "%s", problem.detail)
	}
	record.Chosen, record.Rejected = texts[0], texts[1]
	if record.SecondChosen {
		record.Chosen, record.Rejected = texts[1], texts[0]
	}
	return tldrRules(record)
}

// isSupervised is the authors' filter: rows are kept when it holds for both policies.
func isSupervised(policy string) bool {
	return strings.Contains(policy, "sup") && !strings.Contains(policy, "ppo") && !strings.Contains(policy, "cnn")
}

func summary(place string, raw json.RawMessage) (text, policy string, p problem) {
	fields, p := object{place: raw}.object(place)
	if p.reason != "" {
		return "", "", p
	}
	if text, p = fields.text("text"); p.reason == "" {
		policy, p = fields.text("policy")
	}
	if p.reason != "" {
		p.detail = place + "." + p.detail
	}
	return text, policy, p
}

// tldrFields reads everything but the summaries.
func tldrFields(record Record, fields object) (Record, problem) {
	var p problem
	if record.User, p = fields.scalar("worker"); p.reason != "" {
		return record, p
	}
	written, p := fields.text("split")
	if p.reason != "" {
		return record, p
	}
	var ok bool
	if record.Split, ok = splitOf(written); !ok || written == "" {
		return record, problem{UnknownSplit, fmt.Sprintf("split is %q; train, valid1 or valid2 expected", written)}
	}
	choice, p := fields.scalar("choice")
	if p.reason != "" {
		return record, p
	}
	if choice != "0" && choice != "1" {
		return record, problem{WrongType, fmt.Sprintf("choice is %s; 0 or 1 expected", choice)}
	}
	record.SecondChosen = choice == "1"
	record.Prompt, p = tldrPrompt(fields)
	return record, p
}

func tldrPrompt(fields object) (string, problem) {
	info, p := fields.object("info")
	if p.reason != "" {
		return "", p
	}
	body := "post"
	if !info.has("post") {
		body = "article"
	}
	var parts [3]string
	for i, name := range []string{"subreddit", "title", body} {
		if parts[i], p = info.text(name); p.reason != "" {
			p.detail = "info." + p.detail
			return "", p
		}
	}
	return fmt.Sprintf("SUBREDDIT: r/%s\nTITLE: %s\nPOST: %s\nTL;DR: ", parts[0], parts[1], parts[2]), problem{}
}

// tldrRules leaves out what the authors leave out, and finds what cannot be used at all.
func tldrRules(record Record) Record {
	if record.User != "" && record.Chosen == record.Rejected {
		return record.as(LeftOut, EqualTexts, "both summaries are the same text")
	}
	if n := characters(record.Prompt) + max(characters(record.Chosen), characters(record.Rejected)); n > maxTLDR {
		return record.as(LeftOut, OverLimit, "prompt and summary have %d characters; at most %d are kept", n, maxTLDR)
	}
	first, second := "summaries[0].text", "summaries[1].text"
	if record.SecondChosen {
		first, second = second, first
	}
	return checkPair(record, "worker", first, second)
}
