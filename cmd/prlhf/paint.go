package main

// Colours, and what is known about the terminal that output goes to.

import (
	"io"
	"os"

	"golang.org/x/term"
)

// screen is where a verb prints: how wide it is, and whether it shows colours.
type screen struct {
	io.Writer
	width int  // columns; 0: not a terminal, lines may be of any length
	color bool // ANSI colours
}

// screen looks at w. Colours are for terminals only, and not where somebody asked for none.
func (c *call) screen(w io.Writer) screen {
	s := screen{Writer: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.width = 80
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			s.width = width
		}
		s.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && !c.noColorSet
	}
	return s
}

func (s screen) paint(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s screen) bold(text string) string   { return s.paint("1", text) }
func (s screen) dim(text string) string    { return s.paint("2", text) }
func (s screen) red(text string) string    { return s.paint("31", text) }
func (s screen) green(text string) string  { return s.paint("32", text) }
func (s screen) yellow(text string) string { return s.paint("33", text) }
func (s screen) cyan(text string) string   { return s.paint("36", text) }
