package dsl

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// input reads a spec's files, follows includes, and collects what they declare. An included file is read once, however
// often it is included; its includes set its variables.
type input struct {
	ev       *evaluator
	opts     LoadOptions
	paths    []string
	bodies   []*hclsyntax.Body
	broken   []*hclsyntax.Block // with syntax errors
	absent   bool               // a file could not be read
	included map[string]bool
	includes []include
	declares map[string][]string // file -> variables that it declares, its own includes' among them
}

// include is one include block.
type include struct {
	block *hclsyntax.Block
	file  string // as resolved
}

func (in *input) readAll() {
	for _, p := range in.opts.Paths {
		files, isFolder := in.folder(p)
		if !isFolder {
			in.readFile(p, nil)
			continue
		}
		if len(files) == 0 {
			in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No spec", Detail: "No .hcl file in the folder " + p + "."}})
		}
		for _, f := range files {
			in.readFile(f, nil)
		}
	}
}

// folder lists the .hcl files of a folder.
func (in *input) folder(p string) ([]string, bool) {
	if in.opts.Files != nil {
		if _, ok := in.opts.Files[p]; ok {
			return nil, false
		}
		var all []string
		for _, f := range slices.Sorted(maps.Keys(in.opts.Files)) {
			if path.Dir(f) == path.Clean(p) && strings.HasSuffix(f, ".hcl") {
				all = append(all, f)
			}
		}
		return all, len(all) > 0
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil, false
	}
	var all []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".hcl") {
			all = append(all, filepath.Join(p, e.Name()))
		}
	}
	return all, true
}

func (in *input) bytes(p string) ([]byte, error) {
	if in.opts.Files == nil {
		return os.ReadFile(p)
	}
	if b, ok := in.opts.Files[p]; ok {
		return b, nil
	}
	return nil, os.ErrNotExist
}

// readFile parses p and what it includes. by is the include block, nil for an argument.
func (in *input) readFile(p string, by *hclsyntax.Block) {
	if in.included[filepath.Clean(p)] {
		return
	}
	src, err := in.bytes(p)
	if err != nil {
		in.notFound(p, by, err)
		return
	}
	in.included[filepath.Clean(p)] = true
	in.paths = append(in.paths, p)
	if suffix := filepath.Ext(p); slices.Contains([]string{".csv", ".json", ".jsonl", ".parquet", ".gz", ".md", ".html"}, suffix) {
		in.absent = true
		in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No spec", Detail: p + " is no spec: the name of one ends in .hcl. Data is read by a dataset block, as its source."}})
		return
	}
	file := parse(src, p)
	in.ev.files[p] = file.file
	in.ev.add(file.diags)
	in.bodies, in.broken = append(in.bodies, file.bodies...), append(in.broken, file.broken...)
	for _, body := range file.bodies {
		in.follow(body, p)
	}
}

// follow notes what a part of a file declares for those who include the file, and reads what it includes itself.
func (in *input) follow(body *hclsyntax.Body, p string) {
	for _, block := range body.Blocks {
		switch {
		case block.Type == "variable" && len(block.Labels) == 1:
			in.declares[p] = append(in.declares[p], block.Labels[0])
		case block.Type == "include" && len(block.Labels) == 1:
			target := resolvePath(block.Labels[0], p)
			in.includes = append(in.includes, include{block, target})
			in.readFile(target, block)
			in.declares[p] = append(in.declares[p], in.declares[target]...)
		}
	}
}

// notFound names the nearest file that there is.
func (in *input) notFound(p string, by *hclsyntax.Block, err error) {
	in.absent = true
	if !os.IsNotExist(err) {
		in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unreadable file", Detail: "Cannot read " + p + ": " + err.Error() + "."}})
		return
	}
	near := in.near(p)
	if by == nil {
		detail := "No file " + p + "."
		if near != "" {
			detail += " There is " + filepath.Join(filepath.Dir(p), near) + "."
		}
		in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No such file", Detail: detail}})
		return
	}
	written := by.Labels[0]
	detail := fmt.Sprintf("No file %s beside %s.", written, by.DefRange().Filename)
	if near != "" {
		detail += " There is " + strings.TrimSuffix(written, path.Base(written)) + near + "."
	}
	in.ev.add(mistake(by.LabelRanges[0], "No such file", detail))
}

// near is the file in p's folder with the nearest name, or "".
func (in *input) near(p string) string {
	files, _ := in.folder(filepath.Dir(p))
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = filepath.Base(f)
	}
	return Nearest(filepath.Base(p), names)
}

// setVariables gives variables the values that come from outside, the weakest first.
func (in *input) setVariables() {
	for _, inc := range in.includes {
		in.setByInclude(inc)
	}
	for _, v := range in.ev.variablesInOrder() {
		if in.opts.Env == nil {
			break
		}
		if text, ok := in.opts.Env("PRLHF_VAR_" + v.name); ok {
			in.setByText(v, text, "PRLHF_VAR_"+v.name)
		}
	}
	for _, p := range in.opts.VarFiles {
		in.setByFile(p)
	}
	for _, pair := range in.opts.Vars {
		name, text, ok := strings.Cut(pair, "=")
		v := in.ev.variables[strings.TrimSpace(name)]
		switch {
		case !ok:
			in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Not a setting", Detail: "-var " + pair + ": write -var name=value."}})
		case v == nil:
			in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Unknown variable", Detail: "-var " + pair + ": the spec declares no variable " + name + "." + in.ev.variableMeant(name)}})
		default:
			in.setByText(v, text, "-var "+v.name)
		}
	}
}

func (ev *evaluator) variableMeant(name string) string {
	names := slices.Sorted(maps.Keys(ev.variables))
	if near := DidYouMean(name, names); near != "" || len(names) == 0 {
		return near
	}
	return " It declares " + known(names, 8)
}

// setByText reads a value as the variable's type says: text for string and path, else HCL.
func (in *input) setByText(v *variable, text, who string) {
	v.from, v.why = "", who
	if v.typ == "string" || v.typ == "path" {
		v.expr = &hclsyntax.LiteralValueExpr{Val: cty.StringVal(text), SrcRange: v.block.DefRange()}
		return
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "<"+who+">", hcl.InitialPos)
	in.ev.files["<"+who+">"] = &hcl.File{Bytes: []byte(text)}
	in.ev.add(diags)
	if !diags.HasErrors() {
		v.expr = expr
	}
}

// setByFile reads a file of name = value.
func (in *input) setByFile(p string) {
	src, err := in.bytes(p)
	if err != nil && in.opts.Files != nil { // embedded spec, variables from the disk
		src, err = os.ReadFile(p)
	}
	if err != nil {
		in.ev.add(hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "No such file", Detail: "-var-file " + p + ": no such file."}})
		return
	}
	file, diags := hclsyntax.ParseConfig(src, p, hcl.InitialPos)
	in.ev.files[p] = file
	in.ev.add(diags)
	if diags.HasErrors() {
		return
	}
	body := file.Body.(*hclsyntax.Body)
	for _, block := range body.Blocks {
		in.ev.add(mistake(block.DefRange(), "Not a setting", "A file of variables holds name = value only, no blocks."))
	}
	for _, attr := range attributesInOrder(body) {
		v := in.ev.variables[attr.Name]
		if v == nil {
			in.ev.add(mistake(attr.NameRange, "Unknown variable", "The spec declares no variable "+attr.Name+"."+in.ev.variableMeant(attr.Name)))
			continue
		}
		v.expr, v.from, v.why = attr.Expr, p, "-var-file "+p
	}
}

// setByInclude sets the variables of an included file.
func (in *input) setByInclude(inc include) {
	if !in.included[filepath.Clean(inc.file)] {
		return // said already
	}
	for _, attr := range attributesInOrder(inc.block.Body) {
		names := in.declares[inc.file]
		v := in.ev.variables[attr.Name]
		if v == nil || !slices.Contains(names, attr.Name) {
			in.ev.add(mistake(attr.NameRange, "Unknown variable", fmt.Sprintf("%s declares no variable %s.%s", path.Base(inc.block.Labels[0]), attr.Name, DidYouMean(attr.Name, names))))
			continue
		}
		file := inc.block.DefRange().Filename
		if v.why != "" && in.ev.text(v.expr.Range()) != in.ev.text(attr.Expr.Range()) {
			in.ev.add(mistake(attr.Expr.Range(), "Set twice", fmt.Sprintf("variable %s has another value by %s. An included file is there once, with one value.", attr.Name, v.why)))
			continue
		}
		v.expr, v.from, v.why = attr.Expr, file, fmt.Sprintf("the include in %s, line %d", file, attr.NameRange.Start.Line)
	}
}

func (v *variable) missing() string {
	typ := v.typ
	if typ == "" {
		typ = "any"
	}
	detail := fmt.Sprintf("variable %s has no value and no default. Set it with -var %s=... (type %s", v.name, v.name, typ)
	if v.description != "" {
		detail += ": " + v.description
	}
	return detail + ")."
}

func (ev *evaluator) variablesInOrder() []*variable {
	all := slices.Collect(maps.Values(ev.variables))
	slices.SortFunc(all, func(a, b *variable) int { return compareRanges(a.block.DefRange(), b.block.DefRange()) })
	return all
}

func (ev *evaluator) localsInOrder() []*local {
	all := slices.Collect(maps.Values(ev.locals))
	slices.SortFunc(all, func(a, b *local) int { return compareRanges(a.attr.NameRange, b.attr.NameRange) })
	return all
}

func attributesInOrder(body *hclsyntax.Body) []*hclsyntax.Attribute {
	all := slices.Collect(maps.Values(body.Attributes))
	slices.SortFunc(all, func(a, b *hclsyntax.Attribute) int { return compareRanges(a.NameRange, b.NameRange) })
	return all
}

func compareRanges(a, b hcl.Range) int {
	return cmp.Or(cmp.Compare(a.Filename, b.Filename), cmp.Compare(a.Start.Byte, b.Start.Byte), cmp.Compare(a.End.Byte, b.End.Byte))
}
