package dsl

// What the language has and this version has not. Whoever builds one of these deletes its line; nothing is ignored
// silently in the meantime.

// blocksNotBuilt are block types that are refused by name.
var blocksNotBuilt = map[string]bool{}

// valuesNotBuilt are keywords that are refused by name: "type.attribute" -> values.
var valuesNotBuilt = map[string][]string{
	"model.chat_template": {"tulu", "llama3"},
}

// attributesNotBuilt are refused by name when they are given at all.
var attributesNotBuilt = map[string][]string{}

// switchesNotBuilt are refused by name when they are set to true.
var switchesNotBuilt = map[string][]string{}

// resultsNotBuilt are results that no run has yet.
var resultsNotBuilt = map[string][]string{}
