package dsl

// What can be read of a file with syntax errors: the blocks before and after those that are broken, so that their mistakes
// are told in the same run.

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// parsed is a file in parts.
type parsed struct {
	file   *hcl.File // for excerpts
	bodies []*hclsyntax.Body
	broken []*hclsyntax.Block // with syntax errors: type, labels and place, and nothing in them
	diags  hcl.Diagnostics
}

// parse reads a file. The parser stops at a syntax error, so it is started again at the next block behind each; of one
// stop the first error is told, since the others follow from it.
func parse(src []byte, name string) parsed {
	var out parsed
	headers := header.FindAllSubmatchIndex(src, -1)
	for at := 0; at >= 0; {
		file, diags := hclsyntax.ParseConfig(src[at:], name, position(src, at))
		if out.file == nil {
			out.file = file
		}
		body, ok := file.Body.(*hclsyntax.Body)
		if !diags.HasErrors() || !ok {
			out.diags = append(out.diags, diags...)
			if ok {
				out.bodies = append(out.bodies, body)
			}
			break
		}
		first := whereItStops(body, diags)
		wrong := max(first.Subject.Start.Byte, at)
		out.diags = append(out.diags, first)
		end := wrong
		if h := lastHeader(headers, at, wrong); h != nil && !closed(body, h[0], wrong) {
			end = h[0]
			out.broken = append(out.broken, brokenBlock(src, name, h))
		}
		out.bodies = append(out.bodies, before(body, end))
		at = nextHeader(headers, wrong)
	}
	return out
}

// header is a line that begins a block, as the formatter writes it: at the beginning of the line.
var (
	header = regexp.MustCompile(`(?m)^([A-Za-z_][A-Za-z0-9_-]*)((?:[ \t]+"[^"\n]*")*)[ \t]*\{`)
	label  = regexp.MustCompile(`"([^"]*)"`)
)

// lastHeader is the last header from at to wrong; nil where there is none.
func lastHeader(headers [][]int, at, wrong int) []int {
	var last []int
	for _, h := range headers {
		if h[0] >= at && h[0] <= wrong {
			last = h
		}
	}
	return last
}

// nextHeader is where the next header behind wrong begins; -1 where there is none.
func nextHeader(headers [][]int, wrong int) int {
	for _, h := range headers {
		if h[0] > wrong {
			return h[0]
		}
	}
	return -1
}

// whereItStops is the error that stands first. A block with another block at the beginning of a line in it was not closed, of
// which the parser tells at the end of the file, if no other error comes before.
func whereItStops(body *hclsyntax.Body, diags hcl.Diagnostics) *hcl.Diagnostic {
	var first *hcl.Diagnostic
	for _, d := range diags {
		if d.Severity == hcl.DiagError && (first == nil || d.Subject.Start.Byte < first.Subject.Start.Byte) {
			first = d
		}
	}
	for _, b := range body.Blocks {
		for _, inner := range b.Body.Blocks {
			if inner.TypeRange.Start.Column == 1 && b.TypeRange.Start.Byte < first.Subject.Start.Byte {
				at := b.DefRange()
				return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unclosed configuration block", Subject: &at,
					Detail: fmt.Sprintf("There is no closing brace for this block before line %d, where another one begins.", inner.TypeRange.Start.Line)}
			}
		}
	}
	return first
}

// position is that of a byte at the beginning of a line.
func position(src []byte, at int) hcl.Pos {
	return hcl.Pos{Line: 1 + bytes.Count(src[:at], []byte("\n")), Column: 1, Byte: at}
}

// before is what begins before a place in a body.
func before(body *hclsyntax.Body, end int) *hclsyntax.Body {
	out := &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: body.SrcRange, EndRange: body.EndRange}
	for name, a := range body.Attributes {
		if a.SrcRange.End.Byte <= end {
			out.Attributes[name] = a
		}
	}
	for _, b := range body.Blocks {
		if b.TypeRange.Start.Byte < end {
			out.Blocks = append(out.Blocks, b)
		}
	}
	return out
}

// closed tells whether the block that begins at start ends before the error, which then stands between blocks.
func closed(body *hclsyntax.Body, start, wrong int) bool {
	for _, b := range body.Blocks {
		if b.TypeRange.Start.Byte == start {
			return b.CloseBraceRange.End.Byte > start && b.CloseBraceRange.End.Byte <= wrong
		}
	}
	return false
}

// brokenBlock stands for the block of a header.
func brokenBlock(src []byte, name string, h []int) *hclsyntax.Block {
	start := position(src, h[0])
	rng := hcl.Range{Filename: name, Start: start, End: hcl.Pos{Line: start.Line, Column: 1 + h[1] - h[0], Byte: h[1]}}
	b := &hclsyntax.Block{Type: string(src[h[2]:h[3]]), Body: &hclsyntax.Body{}, TypeRange: rng, OpenBraceRange: rng, CloseBraceRange: rng}
	for _, l := range label.FindAllSubmatch(src[h[4]:h[5]], -1) {
		b.Labels, b.LabelRanges = append(b.Labels, string(l[1])), append(b.LabelRanges, rng)
	}
	return b
}

// declareBroken declares blocks that cannot be read, so that references to them are no mistakes of their own. It is false
// where names may be missing that nothing else tells of: then no reference can be judged.
func (ev *evaluator) declareBroken(broken []*hclsyntax.Block) (judged bool) {
	judged = true
	for _, b := range broken {
		_, known := schemas[b.Type]
		if !known || b.Type == "variable" || len(b.Labels) != 1 {
			judged = false
			continue
		}
		d := &decl{typ: b.Type, name: b.Labels[0], block: b, state: failed}
		if ev.decls[d.addr()] == nil {
			ev.decls[d.addr()] = d
		}
	}
	return judged
}
