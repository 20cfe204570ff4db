package formats

// The readers of prompts and of responses: texts without a choice. A prompt is a row without responses, and a response one
// without a rejected side.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// ReadPrompts yields the records of source, a file or a folder: *.json (a list of objects with prompt, as Koala's
// evaluation set), *.jsonl, or *.txt with a prompt on each line; plain or gzip. An error, which is one of the disk, ends it.
func ReadPrompts(source string) iter.Seq2[Record, error] {
	return readFiles("prompts", source, Prompts)
}

// Prompts yields a record for every item or line of r. A file that is called *.txt, or that begins with neither [ nor {, is
// text.
func Prompts(name string, r io.Reader) iter.Seq2[Record, error] {
	b := bufio.NewReaderSize(r, 1<<16)
	if strings.HasSuffix(strings.TrimSuffix(name, ".gz"), ".txt") || !beginsList(b) && !beginsWith(b, '{') {
		return promptLines(name, b)
	}
	return items(name, b, hinted("prompts", promptRecord))
}

// beginsWith looks ahead as far as one read goes, past white space.
func beginsWith(b *bufio.Reader, first byte) bool {
	b.Peek(1)
	ahead, _ := b.Peek(b.Buffered())
	text := bytes.TrimLeft(bytes.TrimPrefix(ahead, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(text) > 0 && text[0] == first
}

func promptRecord(record Record, fields object) Record {
	turns, p := messages(fields, "prompt", "user")
	if p.reason != "" {
		return record.bad(p.reason, "%s", p.detail)
	}
	if len(turns) == 0 {
		return record.bad(MissingField, "prompt is missing")
	}
	record.Prompt = turns[0].Content
	if fields["prompt"][0] == '[' {
		record.Prompt, record.Turns = Rendering(turns), turns
	}
	return checkPrompt(record)
}

func checkPrompt(record Record) Record {
	if strings.TrimSpace(record.Prompt) == "" {
		return record.bad(EmptyPrompt, "the prompt is empty")
	}
	return record
}

// promptLines takes every line as it is.
func promptLines(name string, r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for l, err := range lines(r) {
			record := Record{Row: Row{File: name, Line: l.number}}
			switch {
			case err != nil:
				yield(record, broken(record, err))
				return
			case l.long:
				record = record.bad(OverLong, "the line has more than %d MB", maxLine>>20)
			case len(bytes.TrimSpace(l.text)) == 0:
				record = record.as(LeftOut, BlankLine, "nothing but white space")
			case !utf8.Valid(l.text):
				record = record.bad(InvalidUTF8, "byte %d is not UTF-8", invalidAt(l.text))
			default:
				record.Prompt = string(l.text)
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// ReadResponses yields the records of source, a file or a folder of *.json and *.jsonl, plain or gzip. An error, which is
// one of the disk, ends it.
func ReadResponses(source string, columns Columns) iter.Seq2[Record, error] {
	return readFiles("responses", source, func(name string, r io.Reader) iter.Seq2[Record, error] {
		return Responses(name, r, columns)
	})
}

// Responses yields a record for every item or line of r. There are three forms of them: prompt, response and perhaps user,
// under the names of columns; instruction, output and perhaps input, as AlpacaEval's model outputs and Alpaca's data; and
// messages, the last of which is the response.
func Responses(name string, r io.Reader, columns Columns) iter.Seq2[Record, error] {
	return items(name, r, hinted("responses", func(record Record, fields object) Record {
		return responseRecord(record, fields, columns)
	}))
}

func responseRecord(record Record, fields object, columns Columns) Record {
	var p problem
	prompt, response := columns.of("prompt"), columns.of("response")
	switch {
	case fields.has(prompt) || fields.has(response) || columns["prompt"] != "" || columns["response"] != "":
		record, p = namedResponse(record, fields, prompt, response)
	case fields.has("messages"):
		record, p = lastMessage(record, fields)
	case fields.has("instruction"):
		record, p = namedResponse(record, withInput(fields), "instruction", "output")
	default:
		p = problem{MissingField, "neither prompt and response, nor instruction and output, nor messages are there"}
	}
	if _, named := columns["user"]; p.reason == "" && (named || fields.has("user")) {
		if record.User, p = fields.scalar(columns.of("user")); p.reason == "" && record.User == "" {
			return record.bad(EmptyUser, "%s is empty; an id expected", columns.of("user"))
		}
	}
	switch {
	case p.reason != "":
		return record.bad(p.reason, "%s", p.detail)
	case strings.TrimSpace(record.Chosen) == "":
		return record.bad(EmptyResponse, "the response is empty")
	}
	return checkPrompt(record)
}

// namedResponse reads a prompt, text or messages, and a response.
func namedResponse(record Record, fields object, prompt, response string) (Record, problem) {
	text, p := fields.text(response)
	if p.reason != "" {
		return record, p
	}
	record.Chosen = text
	turns, p := messages(fields, prompt, "user")
	switch {
	case p.reason != "":
		return record, p
	case len(turns) == 0:
		return record, problem{MissingField, prompt + " is missing"}
	}
	record.Prompt = turns[0].Content
	if fields[prompt][0] == '[' {
		record.Prompt, record.Turns = Rendering(turns), turns
	}
	return record, problem{}
}

// withInput puts Alpaca's input, where there is one, behind the instruction.
func withInput(fields object) object {
	instruction, p := fields.text("instruction")
	input, q := fields.text("input")
	if p.reason != "" || q.reason != "" || input == "" {
		return fields
	}
	joined := object{}
	for name, value := range fields {
		joined[name] = value
	}
	joined["instruction"], _ = json.Marshal(instruction + "\n\n" + input) // text has a JSON form
	return joined
}

// lastMessage takes a chat apart: all but the last message are the prompt.
func lastMessage(record Record, fields object) (Record, problem) {
	turns, p := messages(fields, "messages", "user")
	if p.reason != "" {
		return record, p
	}
	last := len(turns) - 1
	if last < 1 || turns[last].Role != "assistant" || !slices.ContainsFunc(turns[:last], func(t Turn) bool { return t.Role == "user" }) {
		return record, problem{WrongMessages, fmt.Sprintf("messages has %s; something of the user and then of the assistant expected", rolesOf(turns))}
	}
	record.Turns, record.Chosen = turns[:last], turns[last].Content
	record.Prompt = Rendering(record.Turns)
	return record, problem{}
}
