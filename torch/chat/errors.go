package chat

// What gonja says of a template, as one sentence: which line, and what is wrong there. Its own errors repeat everything around
// the place, and name its types.

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// unreadable says why a template cannot be parsed.
func unreadable(err error) error {
	var syntax *parser.SyntaxError
	if !errors.As(err, &syntax) {
		return errors.New(inWords(root(err)))
	}
	text := inWords(syntax.Message)
	if near := strings.TrimSpace(syntax.Raw); near != "" && len(near) < 60 && !strings.Contains(text, near) {
		text = fmt.Sprintf("%s, near %s", text, near)
	}
	if syntax.Line == 0 {
		return errors.New(text)
	}
	return fmt.Errorf("line %d: %s", syntax.Line, text)
}

// unrenderable says why a template that was parsed cannot be rendered.
func unrenderable(err error) error {
	text := inWords(root(err))
	lines := atLine.FindAllStringSubmatch(err.Error(), -1)
	if len(lines) == 0 {
		return fmt.Errorf("cannot be rendered: %s", text)
	}
	return fmt.Errorf("cannot be rendered: line %s: %s", lines[len(lines)-1][1], text) // the innermost
}

var atLine = regexp.MustCompile(`at line (\d+): `)

// root is what the innermost error says.
func root(err error) string {
	for {
		var inner error
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			inner = e.Unwrap()
		case interface{ Cause() error }:
			inner = e.Cause()
		case *exec.Value:
			inner, _ = e.Interface().(error)
		}
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// said are gonja's words and ours. The first that fits counts.
var said = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`^strftime_now is not callable$`), "it asks for the date (strftime_now), and a chat template reads no clock here"},
	{regexp.MustCompile(`^(\w+) is not callable$`), "there is no function $1"},
	{regexp.MustCompile(`^'([^']+)' is not callable on .*$`), "there is no method $1 of this value"},
	{regexp.MustCompile(`(?s)^.*unknown method '(\w+)' for .*$`), "there is no method $1 of this value"},
	{regexp.MustCompile(`^ControlStructure '([^']+)' not found.*$`), "the tag $1 is not read here, or is out of place"},
	{regexp.MustCompile(`^Unexpected EOF, expected tag (.*?)\.?$`), "the template ends before $1"},
	{regexp.MustCompile(`^Unexpected EOF\.?$`), "the template ends in the middle"},
	{regexp.MustCompile(`^Can't use (?:getattr|Getitem) on None$`), "a field is asked of something that is not there"},
	{regexp.MustCompile(`^Can't access .*$`), "something is asked of a value that has no such item"},
	{regexp.MustCompile(`(?s)^.*(?:\*nodes\.|reflect|runtime error|interface conversion|map\[|0x[0-9a-f]+|%!|\*exec|strconv).*$`), "this cannot be evaluated here"},
	{regexp.MustCompile(`^invalid syntax$`), "an escape in a string is not read here"},
}

// invalidCall is what gonja puts before what a filter or a function says.
var invalidCall = regexp.MustCompile(`^invalid call to (?:filter|function|test) '[^']*': `)

func inWords(theirs string) string {
	theirs = strings.TrimSpace(invalidCall.ReplaceAllString(theirs, ""))
	for _, s := range said {
		if s.theirs.MatchString(theirs) {
			return s.theirs.ReplaceAllString(theirs, s.ours)
		}
	}
	text := strings.TrimSuffix(strings.ReplaceAll(theirs, "controlStructure", "tag"), ".")
	if text == "" {
		return "this is not read here"
	}
	return strings.ToLower(text[:1]) + text[1:]
}
