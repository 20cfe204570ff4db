package parquet

// From the cells of all columns to rows, along the tree of the schema.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// node is a node of the schema with the levels from which it is there and at which its items repeat.
type node struct {
	name              string
	defined, repeated int16
	optional, list    bool    // list: it stands for each of its items
	unwrap            bool    // of a group with one child: it is that child
	children          []*node // nil: a leaf
	leaves            []int   // columns below it; of a leaf itself
}

// group is a row group in the making of rows.
type group struct {
	rows    int64
	root    *node
	columns []*column
}

func openGroup(r *file.Reader, i int) (g *group, err error) {
	defer damaged(&err)
	of := r.RowGroup(i)
	g = &group{rows: of.NumRows()}
	leaves := 0
	g.root = tree(r.MetaData().Schema.Root(), nil, &leaves)
	for k := range leaves {
		reader, err := of.Column(k)
		if err != nil {
			return nil, err
		}
		g.columns = append(g.columns, &column{reader: reader, leaf: r.MetaData().Schema.Column(k)})
	}
	return g, nil
}

// tree copies the schema; leaves counts the columns met.
func tree(of schema.Node, parent *node, leaves *int) *node {
	n := &node{name: of.Name()}
	if parent != nil {
		n.defined, n.repeated = parent.defined, parent.repeated
		n.optional = of.RepetitionType() == parquet.Repetitions.Optional
		n.list = of.RepetitionType() == parquet.Repetitions.Repeated
	}
	if n.optional || n.list {
		n.defined++
	}
	if n.list {
		n.repeated++
	}
	inner, ok := of.(*schema.GroupNode)
	if !ok {
		n.leaves = []int{*leaves}
		*leaves++
		return n
	}
	for i := range inner.NumFields() {
		child := tree(inner.Field(i), n, leaves)
		n.children, n.leaves = append(n.children, child), append(n.leaves, child.leaves...)
	}
	n.unwrap = isList(of) && len(n.children) == 1 && n.children[0].list
	if n.unwrap {
		items := n.children[0]
		items.unwrap = len(items.children) == 1 && !slices.Contains([]string{"array", n.name + "_tuple"}, items.name)
	}
	return n
}

// isList tells whether a group is annotated as a list: then its repeated child stands for it, and where that is a group of
// one, its child for an item (LogicalTypes.md of the format, with its rule for old files).
func isList(of schema.Node) bool {
	return of.ConvertedType() == schema.ConvertedTypes.List || of.LogicalType() != nil && of.LogicalType().Equals(schema.NewListLogicalType())
}

// next assembles the next row. Behind an InvalidTextError there may be another one.
func (g *group) next() (row Row, err error) {
	defer damaged(&err)
	cells := make([][]cell, len(g.columns))
	for i, c := range g.columns {
		if cells[i], err = c.row(); err != nil {
			return nil, err
		}
	}
	row = Row{}
	for _, field := range g.root.children {
		var out bytes.Buffer
		if err := field.write(&out, cells); err != nil {
			if errors.Is(err, errNotUTF8) {
				return nil, &InvalidTextError{field.name}
			}
			return nil, err
		}
		row[field.name] = json.RawMessage(out.Bytes())
	}
	return row, nil
}

// write appends what cells, those of one parent, say of the node.
func (n *node) write(out *bytes.Buffer, cells [][]cell) error {
	if !n.list {
		return n.item(out, cells)
	}
	out.WriteByte('[')
	first := cells[n.leaves[0]]
	if first[0].defined >= n.defined { // else the list is empty
		count := 1
		for _, c := range first[1:] {
			if c.repeated <= n.repeated {
				count++
			}
		}
		for i := range count {
			if i > 0 {
				out.WriteByte(',')
			}
			one, err := n.take(cells, i)
			if err != nil {
				return err
			}
			if err := n.item(out, one); err != nil {
				return err
			}
		}
	}
	out.WriteByte(']')
	return nil
}

// take is item i of the list: of each column below it, the cells from its i-th start on.
func (n *node) take(cells [][]cell, i int) ([][]cell, error) {
	one := slices.Clone(cells)
	for _, leaf := range n.leaves {
		var starts []int
		for k, c := range cells[leaf] {
			if k == 0 || c.repeated <= n.repeated {
				starts = append(starts, k)
			}
		}
		if i >= len(starts) {
			return nil, fmt.Errorf("the columns of %s have lists of different lengths", n.name)
		}
		one[leaf] = cells[leaf][starts[i]:append(starts, len(cells[leaf]))[i+1]]
	}
	return one, nil
}

// item appends the node itself, or one item of it.
func (n *node) item(out *bytes.Buffer, cells [][]cell) error {
	first := cells[n.leaves[0]][0]
	switch {
	case first.defined < n.defined:
		out.WriteString("null")
		return nil
	case n.children == nil:
		out.Write(first.value)
		return first.err
	case n.unwrap:
		return n.children[0].write(out, cells)
	}
	out.WriteByte('{')
	for i, child := range n.children {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(child.name)
		if err != nil {
			return err
		}
		out.Write(append(name, ':'))
		if err := child.write(out, cells); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}
