// Titles of blocks, each once in a report.

package reports

import "strings"

// titled names the blocks of a report: where several have one title, what they are of stands behind it.
func titled(r *Report) func(Block) string {
	times := map[string]int{}
	named := map[Block]string{}
	each := func(do func(s Section, b Block, name, title string)) {
		for _, s := range r.Sections {
			for _, b := range s.Blocks {
				name, title := nameAndTitle(b)
				do(s, b, name, title)
			}
		}
	}
	each(func(_ Section, _ Block, _, title string) { times[title]++ })
	each(func(s Section, b Block, name, title string) {
		named[b] = title
		if title == "" || times[title] < 2 {
			return
		}
		if of := blockOf(name); of != "" {
			named[b] += ": " + of
		} else {
			named[b] += ": " + s.Heading
		}
	})
	return func(b Block) string { return named[b] }
}

func nameAndTitle(b Block) (name, title string) {
	switch b := b.(type) {
	case *Table:
		return b.Name, b.Title
	case *Plot:
		return b.Name, b.Title
	case *Samples:
		return b.Name, b.Title
	case *Verdicts:
		return b.Name, b.Title
	case *Facts:
		return b.Name, b.Title
	}
	return "", ""
}

// blockOf is the address that a block's name begins with, such as accuracy.test of accuracy.test.users; "" where it is none.
func blockOf(name string) string {
	parts := strings.SplitN(name, ".", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[0] + "." + parts[1]
}
