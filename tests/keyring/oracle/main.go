// The kubelet's own keyring as a filter: a vector a line in, the kubelet's answer a line out.
//
// In:  {"image": "reg.io/app:1", "secrets": [{"type": "…", "stringData": {".dockerconfigjson": "…"}}]}, or data in base64
//
//	or {"pattern": "*.reg.io", "target": "a.reg.io/app"}
//
// Out: {"error": "…"} | {"image": false} | {"candidates": [{"secret": 0, "mark": "…", "username": true, "password": true}]}
//
//	or {"matches": true}
//
// `mark` is the entry's `email`, which the kubelet carries along and nobody uses.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type vector struct {
	Image   string
	Secrets []struct {
		Type       v1.SecretType
		Data       map[string][]byte
		StringData map[string]string
	}
	Pattern *string
	Target  string
}

type candidate struct {
	Secret   int    `json:"secret"`
	Mark     string `json:"mark"`
	Username bool   `json:"username"`
	Password bool   `json:"password"`
}

type answer struct {
	Error      *string     `json:"error,omitempty"`
	Image      *bool       `json:"image,omitempty"`
	Candidates []candidate `json:"candidates"`
	Matches    *bool       `json:"matches,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var v vector
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			fmt.Fprintf(os.Stderr, "not a vector: %v\n", err)
			os.Exit(1)
		}
		line, err := json.Marshal(ask(v))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(append(line, '\n'))
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(v vector) answer {
	if v.Pattern != nil {
		matches, err := credentialprovider.URLsMatchStr(*v.Pattern, v.Target)
		matches = matches && err == nil
		return answer{Matches: &matches}
	}
	// as pkg/kubelet/images/image_manager.go does, without the node's keyring and the plugins
	repoToPull, _, _, err := parsers.ParseImageName(v.Image)
	if err != nil {
		no := false
		return answer{Image: &no}
	}
	var list []v1.Secret
	for i, s := range v.Secrets {
		secret := v1.Secret{Type: s.Type, Data: s.Data}
		for key, text := range s.StringData {
			if secret.Data == nil {
				secret.Data = map[string][]byte{}
			}
			secret.Data[key] = []byte(text)
		}
		secret.UID = types.UID(strconv.Itoa(i))
		list = append(list, secret)
	}
	keyring, err := secrets.MakeDockerKeyring(list, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		text := err.Error()
		return answer{Error: &text}
	}
	found, _ := keyring.Lookup(repoToPull)
	candidates := []candidate{}
	for _, c := range found {
		secret, _ := strconv.Atoi(c.Source.Secret.UID)
		candidates = append(candidates, candidate{secret, c.Email, c.Username != "", c.Password != ""})
	}
	return answer{Candidates: candidates}
}
