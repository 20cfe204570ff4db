package reports

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostile has everything that could be markup somewhere.
const hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)> a | b ``` `c` ![i](http://x.org/i.png) [l](javascript:alert(1)) " +
	"</title></svg></style>\n# heading\n- item\n> quote\n<!-- -->\t\x1b[31m\x00 {{.Title}} &lt; \"'--> ]]>"

// hostileReport is the example with every text replaced, so that a field added later is tested too.
func hostileReport() *Report {
	r := quickstartReport()
	replaceTexts(reflect.ValueOf(r))
	return r
}

func replaceTexts(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			replaceTexts(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			replaceTexts(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceTexts(v.Index(i))
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && v.String() != "" {
			v.SetString(hostile)
		}
	}
}

var (
	tag       = regexp.MustCompile(`<(/?[a-zA-Z!?][^\s>]*)([^>]*)>`)
	attribute = regexp.MustCompile(`([a-zA-Z:-]+)="[^"]*"`)
)

// withoutScript is a page without its one script; what is left has none.
func withoutScript(t *testing.T, page string) string {
	t.Helper()
	before, after, found := strings.Cut(page, "<script>"+pageScript+"</script>")
	if !found {
		t.Error("the page's script is missing or was changed")
	}
	return before + after
}

// The page of a hostile report has the tags and attributes of the page of a harmless one, and no other.
func TestHTMLKeepsTextsText(t *testing.T) {
	known := map[string]bool{}
	for _, found := range tag.FindAllStringSubmatch(withoutScript(t, rendered(t, HTML, quickstartReport())), -1) {
		known[found[1]] = true
		for _, a := range attribute.FindAllStringSubmatch(found[2], -1) {
			known[a[1]+"="] = true
		}
	}
	text := withoutScript(t, rendered(t, HTML, hostileReport()))
	for _, found := range tag.FindAllStringSubmatch(text, -1) {
		if !known[found[1]] {
			t.Errorf("a text became the tag %s", found[0])
		}
		for _, a := range attribute.FindAllStringSubmatch(found[2], -1) {
			if !known[a[1]+"="] || strings.HasPrefix(a[1], "on") {
				t.Errorf("a text became the attribute %s of %s", a[0], found[0])
			}
		}
	}
	if !strings.Contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the text itself is missing")
	}
	for _, bad := range []string{"\x00", "\x1b", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("contains %q", bad)
		}
	}
}

// The page asks for nothing: no address but data:, and no tag that loads.
func TestHTMLRequestsNothing(t *testing.T) {
	text := withoutScript(t, rendered(t, HTML, quickstartReport()))
	for _, found := range regexp.MustCompile(`(?:href|src|srcset|action|data)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if found[1] != "data:," && !strings.HasPrefix(found[1], "#") {
			t.Errorf("refers to %s", found[1])
		}
	}
	for _, bad := range []string{"<script", "<iframe", "<object", "@import", "url(", "xlink"} {
		if strings.Contains(text, bad) {
			t.Errorf("contains %s", bad)
		}
	}
}

var (
	fencedBlock = regexp.MustCompile("(?ms)^(`{3,})text\n.*?^`{3,}$")
	codeSpan    = regexp.MustCompile("(?m)(^|[^`\\\\])````[^\n]*?````")
	unescaped   = regexp.MustCompile("(^|[^\\\\])(<[a-zA-Z/!]|`|\\]\\(|&[a-z#])")
)

func TestMarkdownKeepsTextsText(t *testing.T) {
	text := rendered(t, Markdown, hostileReport())
	for _, block := range fencedBlock.FindAllString(text, -1) {
		inner := block[strings.Index(block, "\n")+1 : strings.LastIndex(block, "\n")]
		if longestRun(inner, '`') >= strings.Index(block, "t") {
			t.Errorf("a text closes its own block:\n%s", block)
		}
	}
	text = codeSpan.ReplaceAllString(fencedBlock.ReplaceAllString(text, ""), "$1CODE")
	contents := false
	for number, line := range strings.Split(text, "\n") {
		contents = line == "## Contents" || contents && !strings.HasPrefix(line, "## ")
		line = regexp.MustCompile(`\]\(#[^)]*\)$`).ReplaceAllString(line, "")
		if found := unescaped.FindString(line); found != "" {
			t.Errorf("line %d has live markup %q: %s", number+1, found, line)
		}
		if strings.HasPrefix(line, "# ") && number > 0 {
			t.Errorf("line %d is a heading of its own: %s", number+1, line)
		}
		if strings.ContainsAny(line, "\x00\x1b") {
			t.Errorf("line %d has control characters", number+1)
		}
	}
}

// Every row of a table has as many cells as its head.
func TestMarkdownTablesStayTables(t *testing.T) {
	columns := 0
	for _, line := range strings.Split(rendered(t, Markdown, hostileReport()), "\n") {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") - 1
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d cells in a table of %d columns: %s", n, columns, line)
		}
	}
}

func TestHostileReportIsComplete(t *testing.T) {
	var left []string
	for _, c := range hostileReport().Summary {
		left = append(left, c.Addr, c.Text)
	}
	if slices.ContainsFunc(left, func(s string) bool { return s != hostile }) {
		t.Error("replaceTexts left a text as it was")
	}
}
