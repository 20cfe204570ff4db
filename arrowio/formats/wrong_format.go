package formats

// Which format a row looks like that lacks what its own format needs: of a file that is another data set, every row does.

// signatures are fields that together only rows of one format have.
var signatures = []struct {
	format string
	fields []string
}{
	{"tldr", []string{"info", "summaries", "choice", "worker"}},
	{"psoups", []string{"user_input", "completion_a", "completion_b"}},
	{"prism (conversations.jsonl)", []string{"conversation_id", "conversation_history"}},
	{"prism (survey.jsonl)", []string{"user_id", "order_stated_prefs", "num_completed_conversations"}},
	{"responses", []string{"instruction", "output"}},
	{"responses", []string{"messages"}},
	{"jsonl", []string{"prompt", "chosen", "rejected", "user"}},
	{"prompts", []string{"prompt", "id"}},
}

// hinted adds to a row that lacks a field which format it looks like; own begins the name of the one that is read.
func hinted(own string, convert func(Record, object) Record) func(Record, object) Record {
	return func(record Record, fields object) Record {
		record = convert(record, fields)
		if record.Kind == Bad && record.Reason == MissingField {
			record.Detail += formatHint(own, fields)
		}
		return record
	}
}

// formatHint says which format a row looks like that is not of its own; "" for none.
func formatHint(own string, fields object) string {
	for _, s := range signatures {
		if s.format != own && fields.hasAll(s.fields) {
			return "; the row looks like one of format " + s.format
		}
	}
	return ""
}

func (o object) hasAll(names []string) bool {
	for _, name := range names {
		if !o.has(name) {
			return false
		}
	}
	return true
}
