package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// chromium is a browser on PATH that starts, or "".
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if exec.Command(name, "--version").Run() == nil {
			return name
		}
	}
	return ""
}

// frame shows a page in a frame of some width, which a window cannot have below 500 pixels, and writes what the browser
// made of it into its own document. The page itself stays as it is, policy included; in a sandbox without allow-scripts it
// is as with JavaScript off.
const frame = `<!DOCTYPE html>
<style>body { margin: 0 } iframe { border: 0; width: %dpx; height: 1000px }</style>
<iframe sandbox="%s" srcdoc="%s"></iframe>
<script>
addEventListener("load", () => {
  const view = document.querySelector("iframe").contentWindow, page = view.document;
  const box = e => e.getBoundingClientRect();
  const shown = () => [...page.querySelectorAll(".verdict")].filter(e => box(e).height > 0).map(e => e.dataset.outcome).join(" ");
  const form = page.querySelector(".filter");
  const found = {
    svgs: [...page.querySelectorAll("svg")].filter(e => box(e).width < 1 || box(e).height < 1).length,
    plots: page.querySelectorAll("figure > svg").length,
    figures: page.querySelectorAll("figure").length,
    width: page.documentElement.clientWidth,
    needed: page.documentElement.scrollWidth,
    requests: view.performance.getEntriesByType("resource").map(e => e.name),
    colour: view.getComputedStyle(page.querySelector("figure svg path[style*='--s1']")).fill,
    filter: box(form).height > 0,
    unfolded: [...page.querySelectorAll(".verdict .texts")].filter(e => e.checkVisibility({contentVisibilityAuto: true}) && box(e).height > 0).length,
    all: shown(),
    covered: [],
    smallest: Infinity,
  };
  for (const svg of page.querySelectorAll("figure > svg")) {
    const level = [...svg.querySelectorAll("text")].filter(e => Math.abs(e.getScreenCTM().b) < 1e-6);
    for (const [i, a] of level.entries()) {
      found.smallest = Math.min(found.smallest, parseFloat(view.getComputedStyle(a).fontSize) * Math.abs(a.getScreenCTM().d));
      for (const b of level.slice(i + 1)) {
        const p = box(a), q = box(b), high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
        if (Math.min(p.right, q.right) - Math.max(p.left, q.left) > 0.5 && high > 0.4 * Math.min(p.height, q.height)) {
          found.covered.push(a.textContent + " and " + b.textContent);
        }
      }
    }
  }
  const choose = (by, value) => {
    form.elements[by].value = value;
    form.dispatchEvent(new Event("change"));
    return shown();
  };
  found.lost = choose("outcome", "lost");
  found.none = choose("user", "0");
  found.user = choose("outcome", "");
  page.querySelectorAll("details").forEach(e => e.open = true);
  found.opened = page.documentElement.scrollWidth;
  const pre = document.createElement("pre");
  pre.id = "measured";
  pre.textContent = JSON.stringify(found);
  document.body.append(pre);
});
</script>`

// browsed is what the frame found.
type browsed struct {
	SVGs                  int // pictures without a size
	Plots, Figures        int // drawn, in all
	Width, Needed, Opened int // of the frame, of the page, of the page with everything unfolded
	Requests              []string
	Colour                string
	Filter                bool     // whether verdicts can be filtered
	Unfolded              int      // verdicts whose texts are seen without a click
	Covered               []string // texts in pictures that lie over one another
	Smallest              float64  // text in a picture, pixels
	All, Lost, None, User string   // outcomes of the verdicts seen: at first; lost; lost of the first user; of the first user
}

// The page in a real browser, with and without JavaScript: no error on the console, every plot is drawn, the page is no
// wider than its frame, the texts in pictures can be read, nothing is requested, and verdicts are all there and can be filtered where scripts run.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: short")
	}
	browser := chromium()
	if browser == "" {
		t.Skip("skipped: no chromium on PATH, so the page was not opened in a browser")
	}
	report := quickstartReport()
	last := &report.Sections[len(report.Sections)-1]
	last.Blocks = append(last.Blocks, &Plot{Name: "crowded", Title: "Crowded", XLabel: "policy", YLabel: "accuracy", Kind: Bars, Percent: true, // numbers of full width
		Categories: []string{"vanilla", "individual", "cluster", "alpha = 1", "no e_0"}, Series: []Series{{Name: "a", Y: []float64{1, 1, 1, 1, 1}}, {Name: "b", Y: []float64{1, 1, 1, 1, 1}}}})
	plots := 0
	for _, s := range report.Sections {
		for _, b := range s.Blocks {
			if _, ok := b.(*Plot); ok {
				plots++
			}
		}
	}
	page := html.EscapeString(rendered(t, HTML, report))
	for _, c := range []struct {
		width   int
		scripts bool
	}{{400, true}, {1600, true}, {400, false}, {1600, false}} {
		t.Run(fmt.Sprintf("%d pixels, scripts %t", c.width, c.scripts), func(t *testing.T) {
			got := browse(t, browser, c.width, c.scripts, page)
			if got.Plots != plots || got.Figures != plots || got.SVGs > 0 {
				t.Errorf("%d of %d plots are drawn, %d pictures have no size", got.Plots, plots, got.SVGs)
			}
			if got.Width < c.width-20 || got.Width > c.width || got.Needed > got.Width || got.Opened > got.Width {
				t.Errorf("the frame shows %d pixels and the page needs %d, unfolded %d", got.Width, got.Needed, got.Opened)
			}
			if len(got.Covered) > 0 || got.Smallest < 8 || got.Smallest > 30 {
				t.Errorf("texts in pictures cover one another: %q; the smallest is %.1f pixels high", got.Covered, got.Smallest)
			}
			if len(got.Requests) > 0 {
				t.Errorf("the page requests %v", got.Requests)
			}
			if !strings.HasPrefix(got.Colour, "rgb") || got.Colour == "rgb(0, 0, 0)" {
				t.Errorf("a colour of the pictures is not defined: %q", got.Colour)
			}
			if got.Filter != c.scripts || got.All != "won tied lost failed" {
				t.Errorf("filter %t, verdicts %s", got.Filter, got.All)
			}
			if c.scripts && (got.Lost != "lost" || got.None != "" || got.User != "won") {
				t.Errorf("filtered: %q, %q, %q", got.Lost, got.None, got.User)
			}
		})
	}
}

// The page on paper, 178 mm between the margins of A4: nothing is cut off, the texts in pictures are 7 points high at least, and
// every verdict is there with its texts, whatever the filter said.
func TestPageOnPaper(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: short")
	}
	browser := chromium()
	if browser == "" {
		t.Skip("skipped: no chromium on PATH, so the page was not laid out as on paper")
	}
	report := quickstartReport()
	wide := &Table{Name: "wide", Title: "Wide", RowHead: "counts of", Rows: []Row{{Name: "comparisons"}}} // Table 3, with the paper's counts
	for _, column := range []string{"all", "kept", "seen", "unseen", "majority", "minority", "seen_majority", "seen_minority", "unseen_majority", "unseen_minority"} {
		wide.Columns = append(wide.Columns, column)
		wide.Rows[0].Cells = append(wide.Rows[0].Cells, CountCell(1522).Beside(Just(38065)))
	}
	report.Sections[0].Blocks = append(report.Sections[0].Blocks, wide)
	page := rendered(t, HTML, report)
	if strings.Count(page, "@media print {") != 1 {
		t.Fatal("the page has no looks of its own for paper")
	}
	const points, paper = 96.0 / 72, 178 * 960 / 254 // pixels
	got := browse(t, browser, paper, true, html.EscapeString(strings.Replace(page, "@media print {", "@media all {", 1)))
	if got.Width < paper-20 || got.Needed > got.Width || got.Opened > got.Width {
		t.Errorf("paper has room for %d pixels and the page needs %d", got.Width, got.Needed)
	}
	if got.SVGs > 0 || len(got.Covered) > 0 || got.Smallest < 7*points {
		t.Errorf("%d pictures have no size; texts cover one another: %q; the smallest is %.1f points high", got.SVGs, got.Covered, got.Smallest/points)
	}
	if all := "won tied lost failed"; got.Filter || got.All != all || got.Lost != all || got.Unfolded != 4 {
		t.Errorf("filter %t, verdicts %s, where only lost ones were chosen %s; %d are unfolded", got.Filter, got.All, got.Lost, got.Unfolded)
	}
}

// browse opens a page in a frame and returns what became of it; an error on the console fails the test.
func browse(t *testing.T, browser string, width int, scripts bool, page string) browsed {
	t.Helper()
	sandbox := "allow-same-origin"
	if scripts {
		sandbox += " allow-scripts"
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "frame.html")
	if err := os.WriteFile(path, fmt.Appendf(nil, frame, width, sandbox, page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--user-data-dir="+filepath.Join(folder, "profile"), "--enable-logging=stderr", "--hide-scrollbars",
		"--window-size=1700,1000", "--dump-dom", "file://"+path)
	var console strings.Builder
	command.Stderr = &console
	dom, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", browser, err, console.String())
	}
	for line := range strings.Lines(console.String()) {
		blocked := strings.Contains(line, "Blocked script execution in 'about:srcdoc'") && !scripts // what the sandbox is for
		careless := strings.Contains(line, "An iframe which has both allow-scripts and allow-same-origin")
		if strings.Contains(line, "CONSOLE") && !blocked && !careless {
			t.Errorf("the console says: %s", line)
		}
	}
	_, text, found := strings.Cut(string(dom), `<pre id="measured">`)
	if !found {
		t.Fatalf("the page was not measured: %.500s", dom)
	}
	text, _, _ = strings.Cut(text, "</pre>")
	var got browsed
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &got); err != nil {
		t.Fatal(err)
	}
	return got
}
