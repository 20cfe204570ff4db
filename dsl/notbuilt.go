package dsl

// What the language has and this version has not. Whoever builds one of these deletes its line; nothing is ignored
// silently in the meantime.

// valuesNotBuilt are keywords that are refused by name: "type.attribute" -> values.
var valuesNotBuilt = map[string][]string{
	"model.chat_template": {"tulu", "llama3"},
}
