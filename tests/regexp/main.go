// Command regexp says of patterns what Go makes of them, as Prometheus' label matchers do: whether they are accepted, and
// which texts they match. One JSON object a line in and out. Built by tests/integration/re2Go.test.ts.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"regexp"
	"regexp/syntax"
)

type question struct {
	Pattern string   `json:"pattern"`
	Texts   []string `json:"texts"`
}

type answer struct {
	Refused string `json:"refused"`
	Matches []bool `json:"matches"`
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	buffered := bufio.NewWriter(os.Stdout)
	out := json.NewEncoder(buffered)
	for in.More() {
		var asked question
		if err := in.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(ask(asked)); err != nil {
			log.Fatal(err)
		}
	}
	if err := buffered.Flush(); err != nil {
		log.Fatal(err)
	}
}

// ask reads the pattern by itself first, so that neither `a)|(b` nor `\Qa` reaches beyond it; Prometheus does the same.
func ask(asked question) answer {
	parsed, err := syntax.Parse(asked.Pattern, syntax.Perl|syntax.DotNL)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	whole, err := regexp.Compile("^(?s:" + parsed.String() + ")$")
	if err != nil {
		return answer{Refused: err.Error()}
	}
	matches := make([]bool, len(asked.Texts))
	for i, text := range asked.Texts {
		matches[i] = whole.MatchString(text)
	}
	return answer{Matches: matches}
}
