package dsl

// The language as a table: which attributes a block has, in the order in which people meet them, and what each means. Types,
// defaults and limits stand where an attribute is read; reference.go puts both together.

// attribute is an attribute of a block, or a key of an object.
type attribute struct {
	name    string
	unit    string // of its number; "" where meaning says what is counted, and for what is no number
	meaning string // one line, without a full stop
}

// schema lists the attributes of a block type, or the keys of an object.
type schema []attribute

func (s schema) names() []string {
	names := make([]string, len(s))
	for i, a := range s {
		names[i] = a.name
	}
	return names
}

// schemas has the attributes of each block type. for_each is allowed where multiplies says so.
var schemas = map[string]schema{
	"variable":   variableKeys,
	"synthetic":  syntheticKeys,
	"dataset":    datasetKeys,
	"model":      modelKeys,
	"user_model": userModelKeys,
	"objective":  objectiveKeys,
	"train":      trainKeys,
	"adapt":      adaptKeys,
	"accuracy":   accuracyKeys,
	"generate":   generateKeys,
	"judge":      judgeKeys,
	"win_rate":   winRateKeys,
	"agreement":  agreementKeys,
	"claim":      claimKeys,
	"report":     reportKeys,
	"section":    sectionKeys,
}

// objects has the keys of the attributes that are objects, by "type.attribute".
var objects = map[string]schema{
	"dataset.columns":        columnKeys,
	"dataset.split":          splitKeys,
	"dataset.simulate":       groupKeys,
	"dataset.simulate.GROUP": simulateKeys,
	"dataset.expect":         expectKeys,
	"model.init":             initKeys,
	"model.expect":           shapeKeys,
	"objective.sampling":     samplingKeys,
	"train.optimizer":        optimizerKeys,
	"train.lora":             loraKeys,
	"train.evaluate":         evaluateKeys,
	"generate.sampling":      samplingKeys,
	"judge.price":            priceKeys,
	"judge.budget":           budgetKeys,
	"judge.limits":           limitKeys,
	"report.tolerance":       toleranceKeys,
}

// required attributes, without which a block says nothing, and keys of objects.
var required = map[string][]string{
	"synthetic":  {"format"},
	"dataset":    {"format", "source"},
	"user_model": {"kind"},
	"objective":  {"kind"},
	"train":      {"base", "data", "objective"},
	"accuracy":   {"data"},
	"generate":   {"policy", "prompts"},
	"adapt":      {"policy", "fit", "data"},
	"judge":      {"kind"},
	"win_rate":   {"candidate", "baseline", "judge"},
	"agreement":  {"judge", "data"},
	"claim":      {"that"},
	"report":     {"title"},

	"dataset.simulate.GROUP": {"share", "prefers"},
	"model.init":             {"texts"},
	"train.evaluate":         {"data"},
}

// multiplies tells whether a block type may have for_each.
func multiplies(typ string) bool {
	return typ != "variable" && typ != "locals" && typ != "include" && typ != "report" && typ != "section"
}
