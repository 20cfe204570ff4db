// Package arrowio writes and reads the Arrow tables of prlhf: one file per table, its rows a Go struct.
//
// A table is an Arrow IPC file with batches of BatchRows rows, none of its columns nullable, no time and no machine in
// it: the same rows give the same bytes. Reading goes through a memory map, a batch at a time, so a table may be larger
// than memory. The package knows nothing about what the rows mean.
//
// Read schema.go for how a struct becomes a schema, write.go and read.go for the two directions; every other file has
// the row of one table.
package arrowio

// BatchRows is the number of rows in every record batch but the last.
const BatchRows = 1024
