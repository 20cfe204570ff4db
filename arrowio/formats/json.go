package formats

// JSON objects with sentences for what is wrong in them.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is a JSON object whose values are not looked at yet.
type object map[string]json.RawMessage

// problem is why a line is bad; its zero value is no problem.
type problem struct{ reason, detail string }

func parseObject(text []byte) (object, problem) {
	var fields object
	err := json.Unmarshal(text, &fields)
	if err != nil && (bytes.Contains(text, []byte("NaN")) || bytes.Contains(text, []byte("Infinity"))) {
		if json.Unmarshal(withoutNaN(text), &fields) == nil {
			err = nil
		}
	}
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong), err == nil && fields == nil:
		return nil, problem{WrongType, "the line is " + typeName(text) + "; an object expected"}
	case err != nil:
		return nil, problem{NotJSON, err.Error()}
	}
	return fields, problem{}
}

// text is the string at name.
func (o object) text(name string) (string, problem) {
	raw, found := o[name]
	if !found || isNull(raw) {
		return "", problem{MissingField, name + " is missing"}
	}
	return textOf(name, raw)
}

func textOf(name string, raw json.RawMessage) (string, problem) {
	if raw[0] != '"' {
		return "", problem{WrongType, name + " is " + typeName(raw) + "; a string expected"}
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", problem{NotJSON, name + ": " + err.Error()}
	}
	if strings.ContainsRune(s, utf8.RuneError) && !writesReplacement(raw) {
		return "", problem{InvalidUTF8, name + " has half of a surrogate pair"}
	}
	return s, problem{}
}

// writesReplacement tells a U+FFFD that the file has from one that the decoder put for half a surrogate pair.
func writesReplacement(raw []byte) bool {
	return bytes.ContainsRune(raw, utf8.RuneError) || bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`))
}

// scalar is the string, number or boolean at name as text. A number counts by its value and is written in the shortest
// way: 3, 3.0 and 3e0 are all "3", the same as the string "3". A string stays as it is: "3.0" is not "3".
func (o object) scalar(name string) (string, problem) {
	raw, found := o[name]
	if !found || isNull(raw) {
		return "", problem{MissingField, name + " is missing"}
	}
	switch raw[0] {
	case '"':
		return textOf(name, raw)
	case 't', 'f':
		return string(raw), problem{}
	case '{', '[':
		return "", problem{WrongType, name + " is " + typeName(raw) + "; a string, number or boolean expected"}
	}
	return number(string(raw)), problem{}
}

// number keeps the digits of an integer, however many there are.
func number(literal string) string {
	if !strings.ContainsAny(literal, ".eE") {
		if literal == "-0" {
			return "0"
		}
		return literal
	}
	value, err := strconv.ParseFloat(literal, 64)
	switch {
	case err != nil: // out of range: the literal is all we have
		return literal
	case value == math.Trunc(value) && math.Abs(value) < 1<<53:
		return strconv.FormatInt(int64(value), 10)
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

func (o object) has(name string) bool { raw, found := o[name]; return found && !isNull(raw) }

// object is the object at name.
func (o object) object(name string) (object, problem) {
	raw, found := o[name]
	if !found || isNull(raw) {
		return nil, problem{MissingField, name + " is missing"}
	}
	if raw[0] != '{' {
		return nil, problem{WrongType, name + " is " + typeName(raw) + "; an object expected"}
	}
	fields, p := parseObject(raw)
	if p.reason != "" {
		p.detail = name + ": " + p.detail
	}
	return fields, p
}

// array is the list at name.
func (o object) array(name string) ([]json.RawMessage, problem) {
	raw, found := o[name]
	if !found || isNull(raw) {
		return nil, problem{MissingField, name + " is missing"}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, problem{WrongType, name + " is " + typeName(raw) + "; a list expected"}
	}
	return items, problem{}
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || raw[0] == 'n' }

// typeName says in words what JSON text is; it must not be empty.
func typeName(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return fmt.Sprintf("the number %.20s", raw)
}

// withoutNaN puts null for the numbers that Python writes and JSON has not: NaN, Infinity and -Infinity.
func withoutNaN(text []byte) []byte {
	var out []byte
	for i, quoted := 0, false; i < len(text); i++ {
		switch rest := text[i:]; {
		case quoted && text[i] == '\\' && len(rest) > 1:
			out = append(out, text[i])
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted:
			if n := notANumber(rest); n > 0 {
				out = append(out, "null"...)
				i += n - 1
				continue
			}
		}
		out = append(out, text[i])
	}
	return out
}

// notANumber is the length of such a number at the start of text; 0 where there is none.
func notANumber(text []byte) int {
	for _, name := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(text, []byte(name)) {
			return len(name)
		}
	}
	return 0
}
