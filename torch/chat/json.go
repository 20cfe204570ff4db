package chat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// toJSON is the filter tojson as transformers has it: Python's json.dumps without the escapes that HTML needs, which gonja's
// own, as Jinja's, puts in.
func toJSON(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	if len(params.Args) > 0 || len(params.KwArgs) > 0 {
		return exec.AsValue(fmt.Errorf("tojson is used with arguments; it has none here"))
	}
	var b strings.Builder
	if err := writeJSON(&b, in); err != nil {
		return exec.AsValue(err)
	}
	return exec.AsValue(b.String())
}

func writeJSON(b *strings.Builder, v *exec.Value) error {
	switch {
	case v.IsNil():
		b.WriteString("null")
	case v.IsString():
		quote(b, v.String())
	case v.IsBool():
		fmt.Fprint(b, v.IsTrue())
	case v.IsNumber():
		b.WriteString(v.String())
	case v.IsDict():
		return writeObject(b, v)
	case v.IsList():
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := writeJSON(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	default:
		return fmt.Errorf("tojson of %s, which has no JSON form", v)
	}
	return nil
}

// writeObject writes a message's role first, as conversations have it; other keys come sorted.
func writeObject(b *strings.Builder, v *exec.Value) error {
	var keys []string
	for _, key := range v.Keys() {
		keys = append(keys, key.String())
	}
	slices.SortFunc(keys, func(x, y string) int {
		switch {
		case x == y:
			return 0
		case x == "role":
			return -1
		case y == "role":
			return 1
		}
		return strings.Compare(x, y)
	})
	b.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		quote(b, key)
		b.WriteString(": ")
		item, _ := v.GetItem(key)
		if err := writeJSON(b, item); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// quote writes a JSON text as json.dumps with ensure_ascii=False.
func quote(b *strings.Builder, text string) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}
	b.WriteByte('"')
	for _, r := range text {
		switch escape, ok := short[r]; {
		case ok:
			b.WriteString(escape)
		case r < 0x20:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
