package reports

import (
	"bytes"
	"strings"
	"testing"
)

// TestTextsAreNotRepeated: a prompt stands once with all who were asked it; users with the same texts, and sources that wrote the
// same, share them. The JSON keeps every text of every user.
func TestTextsAreNotRepeated(t *testing.T) {
	s := &Samples{Name: "samples", Title: "Texts", Sources: []string{"sft", "vanilla", "personal"}, Items: []Sample{
		{Prompt: "first prompt", User: "user 1", Group: "majority", Texts: []string{"same", "same", "long text"}},
		{Prompt: "second prompt", User: "user 1", Group: "majority", Texts: []string{"a", "b", "c"}},
		{Prompt: "first prompt", User: "user 2", Group: "minority", Texts: []string{"same", "same", "short"}},
		{Prompt: "first prompt", User: "user 3", Group: "majority", Texts: []string{"same", "same", "long text"}},
		{Prompt: "first prompt", User: "user 4", Texts: []string{"same", "same", "long text"}},
	}}
	r := &Report{Title: "T", Sections: []Section{{Heading: "H", Blocks: []Block{s}}}}
	var md, page, data bytes.Buffer
	for _, err := range []error{Markdown(&md, r), HTML(&page, r), JSON(&data, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		text string
		want int
	}{{"first prompt", 1}, {"second prompt", 1}, {"long text", 1}, {"short", 1}, {"sft, vanilla", 2}} {
		if n := strings.Count(md.String(), c.text); n != c.want {
			t.Errorf("Markdown has %q %d times; want %d", c.text, n, c.want)
		}
		if n := strings.Count(page.String(), ">"+c.text+"<"); n != c.want {
			t.Errorf("HTML has %q %d times; want %d", c.text, n, c.want)
		}
	}
	if want := "**user 1, user 3 (majority); user 4**"; !strings.Contains(md.String(), want) {
		t.Errorf("no %s in\n%s", want, md.String())
	}
	if want := `<b>user 1, user 3</b> <span class="group">majority</span>; <b>user 4</b>`; !strings.Contains(page.String(), want) {
		t.Errorf("no %s", want)
	}
	if n := strings.Count(data.String(), "first prompt"); n != 4 {
		t.Errorf("JSON has the prompt %d times; want once per user", n)
	}
}

// TestTitlesTellBlocksApart: a title that several blocks have is followed by what each is of, one that stands alone is not.
func TestTitlesTellBlocksApart(t *testing.T) {
	table := func(name, title string) *Table {
		return &Table{Name: name, Title: title, RowHead: "x", Columns: []string{"y"}}
	}
	r := &Report{Title: "T", Sections: []Section{
		{Heading: "One", Blocks: []Block{table("accuracy.a", "Share"), table("accuracy.a.users", "Every user"), &Samples{Name: "samples", Title: "Texts"}}},
		{Heading: "Two", Blocks: []Block{table("win_rate.b.users", "Every user"), &Samples{Name: "samples", Title: "Texts"}, table("c", "")}},
	}}
	var md, page bytes.Buffer
	if err := Markdown(&md, r); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(md.String()) {
		if title, ok := strings.CutPrefix(line, "### "); ok {
			title = strings.TrimSpace(strings.ReplaceAll(title, `\`, ""))
			got = append(got, title)
			if !strings.Contains(page.String(), ">"+title+"<") {
				t.Errorf("the page has no %s", title)
			}
		}
	}
	if want := "Share; Every user: accuracy.a; Texts: One; Every user: win_rate.b; Texts: Two"; strings.Join(got, "; ") != want {
		t.Errorf("%s; want %s", strings.Join(got, "; "), want)
	}
}
