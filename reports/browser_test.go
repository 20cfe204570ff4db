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
// made of it into its own document. The page itself stays as it is, policy included.
const frame = `<!DOCTYPE html>
<style>body { margin: 0 } iframe { border: 0; width: %dpx; height: 1000px }</style>
<iframe srcdoc="%s"></iframe>
<script>
addEventListener("load", () => {
  const view = document.querySelector("iframe").contentWindow, page = view.document;
  const box = e => e.getBoundingClientRect();
  const pre = document.createElement("pre");
  pre.id = "measured";
  pre.textContent = JSON.stringify({
    svgs: [...page.querySelectorAll("svg")].filter(e => box(e).width < 1 || box(e).height < 1).length,
    all: page.querySelectorAll("svg").length,
    width: page.documentElement.clientWidth,
    needed: page.documentElement.scrollWidth,
    requests: view.performance.getEntriesByType("resource").map(e => e.name),
    colour: view.getComputedStyle(page.querySelector("figure svg path[style*='--s1']")).fill,
  });
  document.body.append(pre);
});
</script>`

// browsed is what the frame found.
type browsed struct {
	SVGs, All     int // pictures without a size, all pictures
	Width, Needed int // of the frame, of the page
	Requests      []string
	Colour        string
}

// The page in a real browser: no error on the console, every picture has a size, the page is no wider than its frame
// and nothing is requested.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: short")
	}
	browser := chromium()
	if browser == "" {
		t.Skip("skipped: no chromium")
	}
	page := rendered(t, HTML, quickstartReport())
	for _, width := range []int{400, 1600} {
		dom := browse(t, browser, fmt.Sprintf(frame, width, html.EscapeString(page)))
		_, text, found := strings.Cut(dom, `<pre id="measured">`)
		if !found {
			t.Fatalf("at %d pixels the page was not measured: %.500s", width, dom)
		}
		text, _, _ = strings.Cut(text, "</pre>")
		var got browsed
		if err := json.Unmarshal([]byte(html.UnescapeString(text)), &got); err != nil {
			t.Fatal(err)
		}
		if got.All < 6 || got.SVGs > 0 {
			t.Errorf("at %d pixels %d of %d pictures have no size", width, got.SVGs, got.All)
		}
		if got.Width < width-20 || got.Width > width || got.Needed > got.Width {
			t.Errorf("at %d pixels the frame shows %d and the page needs %d", width, got.Width, got.Needed)
		}
		if len(got.Requests) > 0 {
			t.Errorf("the page requests %v", got.Requests)
		}
		if !strings.HasPrefix(got.Colour, "rgb") || got.Colour == "rgb(0, 0, 0)" {
			t.Errorf("a colour of the pictures is not defined: %q", got.Colour)
		}
	}
}

// browse opens a document and returns what became of it; an error on the console fails the test.
func browse(t *testing.T, browser, document string) string {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "frame.html")
	if err := os.WriteFile(path, []byte(document), 0o644); err != nil {
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
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the console says: %s", line)
		}
	}
	return string(dom)
}
