// Results as files that other programs read: texts as AlpacaEval's model outputs, rows of any result, of data sets and the
// numbers of reports as CSV and Parquet, curves of training runs as TensorBoard's events and as MLflow's file store. A file or folder is whole or absent.
package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
	"github.com/prlhf/prlhf/runner/store"
)

// Formats of an export of results.
const (
	FormatAlpacaEval  = "alpacaeval"  // one instance of a generate block
	FormatCSV         = "csv"         // rows of any result
	FormatParquet     = "parquet"     // as CSV
	FormatTensorBoard = "tensorboard" // curves of a train block, a folder for each run
	FormatMLflow      = "mlflow"      // curves of a train block, with its settings
)

// exportable says what a block can be exported as, by its type.
var exportable = map[string][]string{
	"train":     {FormatHuggingFace, FormatMerged, FormatPEFT, FormatCSV, FormatParquet, FormatTensorBoard, FormatMLflow},
	"adapt":     {FormatHuggingFace, FormatMerged, FormatPEFT, FormatCSV, FormatParquet},
	"accuracy":  {FormatCSV, FormatParquet},
	"generate":  {FormatAlpacaEval, FormatCSV, FormatParquet},
	"win_rate":  {FormatCSV, FormatParquet},
	"agreement": {FormatCSV, FormatParquet},
	"dataset":   {FormatCSV, FormatParquet},
	"report":    {FormatCSV, FormatParquet},
}

// ExportFormats are all formats, in the order in which messages name them.
var ExportFormats = []string{FormatHuggingFace, FormatMerged, FormatPEFT, FormatAlpacaEval, FormatCSV, FormatParquet, FormatTensorBoard, FormatMLflow}

// OfModel tells whether a format is of a policy, not of results.
func OfModel(format string) bool {
	return slices.Contains([]string{FormatHuggingFace, FormatMerged, FormatPEFT}, format)
}

// CheckExport refuses an address that cannot be exported in a format, and says in which it can.
func CheckExport(p *Plan, addr, format string) error {
	block, path, err := p.findExported(addr)
	if err != nil {
		return err
	}
	kind, _, _ := strings.Cut(block, ".")
	formats := exportable[kind]
	switch {
	case !slices.Contains(ExportFormats, format):
		return fmt.Errorf("there is no format %q; %s can be exported as %s", format, block, orNothing(formats))
	case len(formats) == 0:
		return fmt.Errorf("%s cannot be exported; dataset, train, adapt, accuracy, generate, win_rate, agreement and report blocks can", block)
	case !slices.Contains(formats, format):
		return fmt.Errorf("%s cannot be exported as %s; it can as %s", block, format, joinComma(formats))
	case len(path) > 0 && kind == "dataset":
		return fmt.Errorf("of a data set export takes %s, %[1]s.users and %[1]s.statistics; %s is none of them", block, addr)
	case len(path) > 0 && !OfModel(format):
		return fmt.Errorf("export takes the address of a block; %s is a value of one. Write %s", addr, block)
	}
	return nil
}

func orNothing(formats []string) string {
	if len(formats) == 0 {
		return "nothing"
	}
	return joinComma(formats)
}

// findExported splits an address as find does; that of a block with for_each stands for all its instances.
func (p *Plan) findExported(addr string) (block string, path []string, err error) {
	if base, _ := p.tableAt(addr); len(p.itemsAt(base)) > 0 {
		return base, nil, nil
	}
	return p.find(addr)
}

// itemsAt are the block instances with results at an address: one, or all of a block with for_each.
func (p *Plan) itemsAt(addr string) []any {
	var out []any
	for _, item := range resultItems(p.Spec) {
		if a := addrOf(item).String(); p.results[item] != nil && (a == addr || blockOf(a) == addr) {
			out = append(out, item)
		}
	}
	return out
}

// ExportResults writes the results of a block instance, or of all instances of a block, which CheckExport has let pass.
func ExportResults(plan *Plan, st *store.Store, addr string, o ExportOptions) (Exported, error) {
	x := &resultExport{ExportOptions: o, plan: plan, st: st, addr: addr}
	base, table := plan.tableAt(addr)
	x.items, x.table = plan.itemsAt(base), table
	if len(x.items) == 0 { // the only other block that is exported
		return x.ofReport()
	}
	if len(x.items) > 1 && o.Format == FormatAlpacaEval {
		var each []string
		for _, item := range x.items {
			each = append(each, addrOf(item).String())
		}
		return Exported{}, fmt.Errorf("%s stands for %d generators, and a file of AlpacaEval has one; export one of them: %s", addr, len(each), joinComma(each))
	}
	if err := x.collect(); err != nil {
		return Exported{}, err
	}
	if err := x.meetPeople(); err != nil {
		return Exported{}, err
	}
	if o.Format == FormatTensorBoard || o.Format == FormatMLflow {
		return x.folder()
	}
	return x.file()
}

// resultExport is one ExportResults.
type resultExport struct {
	ExportOptions
	plan   *Plan
	st     *store.Store
	addr   string
	items  []any  // block instances
	table  string // of data sets: which of their tables
	parts  []part
	people people

	figures []reports.Figure // of a report, which has no items

	chosen map[string]bool // ids of whom rows are taken; nil: everybody's
	done   Exported
}

// part is what one run of one block instance left.
type part struct {
	addr     string // accuracy.test["vanilla"], adapt.late.after[5]
	name     string // as tables of a report call the instance
	run      int32  // which of the training seeds, in the order of the spec
	runs     int    // how many there are
	node     *Node
	artifact *store.Artifact
}

// collect finds the artifacts.
func (x *resultExport) collect() error {
	for _, item := range x.items {
		addr := addrOf(item)
		name := addr.Name
		if addr.HasKey {
			name = addr.Key
		}
		for _, s := range sourcesOf(x.plan.results[item]) {
			for run, n := range s.nodes {
				a, ok := x.st.Get(n.Fingerprint)
				if !ok {
					return fmt.Errorf("%s is not in the store yet; run apply -target '%s' first", n.ID, addr)
				}
				x.parts = append(x.parts, part{addr: addr.String() + s.below, name: name, run: int32(run), runs: len(s.nodes), node: n, artifact: a})
			}
		}
	}
	return nil
}

// source is the nodes of one result, one per seed; below is what follows the block's address.
type source struct {
	below string
	nodes []*Node
}

// sourcesOf are the nodes whose artifacts have the rows that a result was made of.
func sourcesOf(result *Node) []source {
	switch s := result.Stage.(type) {
	case *splitStage:
		return []source{{nodes: []*Node{result}}}
	case *trainStage:
		return []source{{nodes: []*Node{result}}}
	case *trainRunsStage:
		return []source{{nodes: s.runs}}
	case *accuracyStage:
		return []source{{nodes: s.scores}}
	case *wordsStage:
		return []source{{nodes: s.texts}}
	case *winRateStage:
		return []source{{nodes: s.verdicts}}
	case *agreementStage:
		return []source{{nodes: []*Node{s.verdicts}}}
	case *adaptedStage:
		var out []source
		for i, n := range s.accuracies {
			out = append(out, source{fmt.Sprintf(".after[%d]", s.comparisons[i]), n.Stage.(*accuracyStage).scores})
		}
		return out
	}
	return nil
}

// file writes an export that is one file.
func (x *resultExport) file() (Exported, error) {
	if _, err := os.Lstat(x.Out); err == nil {
		return Exported{}, fmt.Errorf("there is a %s already; an export makes a file of its own", x.Out)
	}
	dir, err := besidePlace(x.Out)
	if err != nil {
		return Exported{}, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, filepath.Base(x.Out))
	if err := x.writeFile(path); err != nil {
		return Exported{}, fmt.Errorf("export %s: %w", x.addr, err)
	}
	if x.done.Rows == 0 && len(x.Users) > 0 {
		return Exported{}, fmt.Errorf("%s has no %s of the users that -users names, so no file is written", x.addr, x.done.Unit)
	}
	info, err := os.Stat(path)
	if err != nil {
		return Exported{}, err
	}
	x.done.Out, x.done.Files = x.Out, []store.File{{Name: filepath.Base(x.Out), Size: info.Size()}}
	return x.done, intoPlace(path, x.Out)
}

// writeFile chooses the rows by what the parts are.
func (x *resultExport) writeFile(path string) error {
	if x.Format == FormatAlpacaEval {
		x.done.Unit = "texts"
		return x.writeAlpacaEval(path)
	}
	x.done.Unit = "rows"
	if len(x.items) == 0 {
		x.done.Unit = "numbers"
		return writeTable(x, path, x.figureRows())
	}
	switch x.items[0].(type) {
	case *dsl.Dataset:
		return x.writeData(path)
	case *dsl.Train:
		return writeTable(x, path, rowsOf(x, curvesFile, x.curve))
	case *dsl.Generate:
		rewards, err := x.rewards()
		if err != nil {
			return err
		}
		return writeTable(x, path, rowsOf(x, responsesFile, func(p part, i int, r arrowio.Response) (exportedResponse, bool) {
			return x.response(p, rewards[p.node], i, r)
		}))
	case *dsl.WinRate, *dsl.Agreement:
		return writeTable(x, path, rowsOf(x, verdictsFile, x.verdict))
	}
	return writeTable(x, path, rowsOf(x, scoresFile, x.score))
}

// folder writes an export that is a folder.
func (x *resultExport) folder() (Exported, error) {
	if err := refuseTaken(x.Out); err != nil {
		return Exported{}, err
	}
	dir, err := besidePlace(x.Out)
	if err != nil {
		return Exported{}, err
	}
	defer os.RemoveAll(dir)
	if err := x.writeRuns(dir); err != nil {
		return Exported{}, fmt.Errorf("export %s: %w", x.addr, err)
	}
	if x.done.Files, err = filesBelow(dir); err != nil {
		return Exported{}, err
	}
	x.done.Out = x.Out
	return x.done, intoPlace(dir, x.Out)
}
