package formats

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// tldrText is a line in the format, with parts replaced.
func tldrText(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(
		`{"info":{"id":"t3","post":"POST","title":"TITLE","subreddit":"dogs","site":null,"article":null},"split":"train",` +
			`"summaries":[{"text":" first","policy":"sup1","note":null},{"text":" second","policy":"sup4_6b","note":null}],` +
			`"choice":1,"worker":"W","batch":"b","extra":{"confidence":7}}`)
}

func TestTLDRRow(t *testing.T) {
	got := collect(t, TLDR("batch3.json", strings.NewReader(tldrText()+"\n"+tldrText(`"choice":1`, `"choice":0`, `"train"`, `"valid2"`))))
	want := Row{File: "batch3.json", Line: 1, User: "W", Split: Train, Prompt: "SUBREDDIT: r/dogs\nTITLE: TITLE\nPOST: POST\nTL;DR: ",
		Chosen: " second", Rejected: " first", SecondChosen: true}
	if !reflect.DeepEqual(got[0].Row, want) || got[0].Kind != Usable {
		t.Errorf("%+v, want %+v", got[0], want)
	}
	want.Line, want.Split, want.Chosen, want.Rejected, want.SecondChosen = 2, Test, " first", " second", false
	if !reflect.DeepEqual(got[1].Row, want) {
		t.Errorf("%+v, want %+v", got[1], want)
	}
}

func TestTLDRRules(t *testing.T) {
	header := len("SUBREDDIT: r/dogs\nTITLE: TITLE\nPOST: \nTL;DR: ") + len(" second")
	for _, c := range []struct {
		replace []string
		kind    Kind
		reason  string
		counts  bool
	}{
		{nil, Usable, "", true},
		{[]string{`"sup1"`, `"sup4_ppo_rm3"`}, LeftOut, OtherPolicy, false},
		{[]string{`"sup1"`, `"cnn_sup4"`}, LeftOut, OtherPolicy, false},
		{[]string{`"sup1"`, `"ref"`}, LeftOut, OtherPolicy, false},
		// A row of the CNN/DM part has no subreddit; its policy leaves it out before that is missed.
		{[]string{`"sup1"`, `"cnn_sup4"`, `"subreddit":"dogs"`, `"subreddit":null`}, LeftOut, OtherPolicy, false},
		{[]string{`" first"`, `" second"`}, LeftOut, EqualTexts, true},
		{[]string{`"POST"`, `"` + strings.Repeat("é", 4800-header) + `"`}, Usable, "", true},
		{[]string{`"POST"`, `"` + strings.Repeat("é", 4801-header) + `"`}, LeftOut, OverLimit, true},
		{[]string{`"post":"POST"`, `"post":null`, `"article":null`, `"article":"A"`}, Usable, "", true},
		{[]string{`"post":"POST"`, `"post":null`}, Bad, MissingField, false},
		{[]string{`"title":"TITLE",`, ``}, Bad, MissingField, false},
		{[]string{`"info":`, `"other":`}, Bad, MissingField, false},
		{[]string{`"summaries":`, `"other":`}, Bad, MissingField, false},
		{[]string{`"policy":"sup1",`, ``}, Bad, MissingField, false},
		{[]string{`{"text":" first","policy":"sup1","note":null},`, ``}, Bad, WrongType, false},
		{[]string{`"choice":1`, `"choice":2`}, Bad, WrongType, false},
		{[]string{`"choice":1`, `"choice":null`}, Bad, MissingField, false},
		{[]string{`"train"`, `"training"`}, Bad, UnknownSplit, false},
		{[]string{`"W"`, `""`}, Bad, EmptyUser, false},
		{[]string{`" first"`, `" "`}, Bad, EmptyResponse, false},
	} {
		got := collect(t, TLDR("f", strings.NewReader(tldrText(c.replace...))))[0]
		if got.Kind != c.kind || got.Reason != c.reason || got.Counts() != c.counts {
			t.Errorf("%.80q: kind %d, counts %v, %s; want %d %q %v", c.replace, got.Kind, got.Counts(), got, c.kind, c.reason, c.counts)
		}
		if got.Counts() && (got.User != "W" || got.Split != Train) {
			t.Errorf("%.80q: a row that counts lacks user or split: %+v", c.replace, got.Row)
		}
	}
}

func TestTLDRNamesTheField(t *testing.T) {
	for want, replace := range map[string][]string{
		"summaries[1].policy is missing":                {`,"policy":"sup4_6b"`, ``},
		"summaries[0].text is the number 3":             {`" first"`, `3`},
		"info.subreddit is missing":                     {`"subreddit":"dogs"`, `"subreddit":null`},
		"info is a string; an object expected":          {`"info":{`, `"info":"x","other":{`},
		"summaries is a string; a list expected":        {`"summaries":[`, `"summaries":"x","other":[`},
		"choice is 7; 0 or 1 expected":                  {`"choice":1`, `"choice":7`},
		"summaries[0].text is empty":                    {`" first"`, `""`},
		"summaries has 1 items; 2 expected":             {`{"text":" first","policy":"sup1","note":null},`, ``},
		`split is ""; train, valid1 or valid2 expected`: {`"train"`, `""`},
	} {
		got := collect(t, TLDR("f", strings.NewReader(tldrText(replace...))))[0]
		if !strings.Contains(got.Detail, want) {
			t.Errorf("%q: %s, want %s", replace, got, want)
		}
	}
}

func ExampleRecord_String() {
	for r := range TLDR("batch3.json", strings.NewReader(tldrText(`"worker":"W"`, `"worker":null`))) {
		fmt.Println(r)
	}
	// Output: batch3.json:1: missing_field: worker is missing
}
