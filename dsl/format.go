package dsl

import (
	"bytes"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

var lineEnds = regexp.MustCompile(`\r+\n`)

// Format returns the canonical form of a spec: HCL's own spacing, at most one blank line in a row, none at the edges of a
// block or of the file, and one line end at the end. Comments stay. Formatting twice is formatting once. Text that does
// not parse is returned as diagnostics, whose file name is empty.
func Format(src []byte) ([]byte, hcl.Diagnostics) {
	src = lineEnds.ReplaceAll(src, []byte("\n"))
	if _, diags := hclsyntax.ParseConfig(src, "", hcl.InitialPos); diags.HasErrors() {
		return nil, diags
	}
	out := src
	for range 8 { // HCL's alignment of comments can need another pass
		next := trimBlankLines(hclwrite.Format(out))
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	return out, nil
}

// trimBlankLines works on tokens, so that blank lines in heredocs, which are text, stay.
func trimBlankLines(src []byte) []byte {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var out bytes.Buffer
	end := 0 // of what was copied
	fresh, blank, opened := true, false, true
	for _, tok := range tokens {
		start := tok.Range.Start.Byte
		switch {
		case tok.Type == hclsyntax.TokenEOF:
		case tok.Type == hclsyntax.TokenNewline && fresh:
			blank = true // of a line that holds nothing
		default:
			if fresh && blank && !opened && tok.Type != hclsyntax.TokenCBrace {
				out.WriteByte('\n')
			}
			if fresh {
				end = lineStart(src, start)
			}
			out.Write(src[end:start])
			out.Write(withoutTrailingSpace(tok))
			fresh = endsLine(tok)
			if tok.Type != hclsyntax.TokenNewline {
				opened = tok.Type == hclsyntax.TokenOBrace
			}
			blank = false
		}
		end = tok.Range.End.Byte
	}
	text := bytes.TrimRight(out.Bytes(), " \t\r\n")
	if len(text) == 0 {
		return text
	}
	return append(text, '\n')
}

// withoutTrailingSpace is the text of a token; a comment to the end of a line loses the spaces at its end.
func withoutTrailingSpace(tok hclsyntax.Token) []byte {
	if tok.Type != hclsyntax.TokenComment || !endsLine(tok) {
		return tok.Bytes
	}
	return append(bytes.TrimRight(tok.Bytes, " \t\r\n"), '\n')
}

// lineStart is where the indentation before start begins.
func lineStart(src []byte, start int) int {
	for start > 0 && (src[start-1] == ' ' || src[start-1] == '\t') {
		start--
	}
	return start
}

func endsLine(tok hclsyntax.Token) bool {
	return tok.Type == hclsyntax.TokenNewline || tok.Type == hclsyntax.TokenComment && bytes.HasSuffix(tok.Bytes, []byte("\n"))
}
