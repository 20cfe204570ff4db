package reports

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"plain", "plain"},
		{"a\r\nb\nc", "a\nb\nc"},
		{"a\tb", "a    b"},
		{"\x1b[31mred\x07\x00\x7f", "␛[31mred␇␀␡"},
		{"bad \xff utf8", "bad \uFFFD utf8"},
		{"over\u202eride\u2066", "over\uFFFDride\uFFFD"},
		{"next\u0085line\u2028end", "next\uFFFDline\nend"},
		{"ünïcödé 日本 🙂", "ünïcödé 日本 🙂"},
	} {
		if got := printable(test.text); got != test.want {
			t.Errorf("printable(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestSampleText(t *testing.T) {
	for text, want := range map[string]string{"": "(empty)", " \n\t": "(white space only)", " a": " a"} {
		if got := sampleText(text); got != want {
			t.Errorf("sampleText(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMarkdownEscape(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"plain text, 3 - 1 < 5 > 2 && x", `plain text, 3 - 1 < 5 > 2 && x`},
		{`accuracy.test["vanilla"].groups.minority.mean < 0.5`, `accuracy.test["vanilla"].groups.minority.mean < 0.5`},
		{"claim.both_groups_served", "claim.both_groups_served"},
		{"_emphasis_ and **bold**", `\_emphasis\_ and \*\*bold\*\*`},
		{"2 * 3", "2 * 3"},
		{"a | b", `a \| b`},
		{"`code`", "\\`code\\`"},
		{"<script>alert(1)</script>", `\<script>alert(1)\</script>`},
		{"<img onerror=x>", `\<img onerror=x>`},
		{"[a](http://x.org)", `[a\](http\://x.org)`},
		{"![a][b]", `![a\][b]`},
		{"[x]: /url", `\[x\]: /url`},
		{"[^1] and [x] done", `\[^1] and \[x] done`},
		{"&lt; &#60; R&D", `\&lt; \&#60; R\&D`},
		{"# heading #", `\# heading \#`},
		{"$x$ ~~y~~ \\n", `\$x\$ \~\~y\~\~ \\n`},
		{"www.example.org", `www\.example.org`},
		{"two\nlines", "two ⏎ lines"},
	} {
		if got := mdInline(test.text); got != test.want {
			t.Errorf("mdInline(%q)\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}

func TestMarkdownParagraph(t *testing.T) {
	for text, want := range map[string]string{
		"> quoted": `\> quoted`, "- item": `\- item`, "+ item": `\+ item`, "===": `\===`, "12. item": `12\. item`, "3) item": `3\) item`,
		"12 items": "12 items", "12": "12", "": "", "---": `\---`, "# h": `\# h`, "* item": `\* item`,
	} {
		if got := mdParagraph(text); got != want {
			t.Errorf("mdParagraph(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFenceIsLongerThanItsText(t *testing.T) {
	got := fenced("```\nescape\n````` end")
	if !strings.HasPrefix(got, "``````text\n") || !strings.HasSuffix(got, "\n``````") {
		t.Errorf("got %s", got)
	}
	if got := mdCode("a `` b`"); got != "``` a `` b` ```" {
		t.Errorf("got %s", got)
	}
}

func TestWrapped(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"one two three", 7, "one two|three"},
		{"one two three", 8, "one two|three"},
		{"averylongword and more", 5, "averylongword|and|more"},
		{"a\n\nb", 5, "a||b"},
		{"  - indented item", 12, "  - indented|item"},
		{"longerthanwidth", 5, "longerthanwidth"},
	} {
		if got := strings.Join(wrapped(test.text, test.width), "|"); got != test.want {
			t.Errorf("wrapped(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestSlugs(t *testing.T) {
	s := newSlugs("claims")
	for _, test := range []struct{ heading, want string }{
		{"Words per user", "words-per-user"}, {"Words per user", "words-per-user-1"}, {"Claims", "claims-1"}, {"A/B: 50 %!", "ab-50-"},
	} {
		if got := s.next(test.heading); got != test.want {
			t.Errorf("slug of %q = %q, want %q", test.heading, got, test.want)
		}
	}
}
