/* Shows the OpenAPI document of this server and lets a person try it. The key stays in this page: it is stored nowhere. */
(() => {
    "use strict";

    const TEXTS = {
        fr: {
            language: "Langue",
            key: "Clé d'API",
            hint: "La clé reste dans cette page ; elle n'est enregistrée nulle part. Les appels agissent pour de vrai sur la société de la clé.",
            problems: "Problèmes",
            schemas: "Schémas",
            body: "Corps",
            run: "Essayer",
            running: "En cours…",
            unreachable: "Le serveur ne répond pas.",
        },
        en: {
            language: "Language",
            key: "API key",
            hint: "The key stays in this page; it is stored nowhere. Calls act for real on the company of the key.",
            problems: "Problems",
            schemas: "Schemas",
            body: "Body",
            run: "Try it",
            running: "Under way…",
            unreachable: "The server does not answer.",
        },
    };
    const find = (selector) => document.querySelector(selector);
    let language = (navigator.language || "fr").startsWith("en") ? "en" : "fr";

    /** An element with attributes and children; texts are never read as HTML. */
    function make(tag, attributes, ...children) {
        const element = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes || {})) {
            if (value !== undefined && value !== null) {
                element.setAttribute(name, value);
            }
        }
        element.append(...children);
        return element;
    }

    /** A text whose parts between back-ticks are code. */
    function prose(text) {
        return (text || "").split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
    }

    function resolve(spec, schema) {
        return schema && schema.$ref ? spec.components.schemas[schema.$ref.split("/").pop()] : schema;
    }

    function parameterRow(operation, parameter) {
        const id = `${operation.operationId}.${parameter.name}`;
        let input;
        const options = parameter.schema.enum || (parameter.schema.type === "boolean" ? ["true", "false"] : null);
        if (options) {
            input = make(
                "select",
                {id, "data-name": parameter.name, "data-in": parameter.in},
                make("option", {value: ""}, ""),
                ...options.map((value) => make("option", {value}, value))
            );
        } else {
            input = make("input", {
                id,
                "data-name": parameter.name,
                "data-in": parameter.in,
                placeholder: parameter.schema.default,
            });
        }
        const name = parameter.required ? `${parameter.name} *` : parameter.name;
        return make(
            "div",
            {class: "parameter"},
            make("label", {for: id}, make("code", {}, name)),
            input,
            make("small", {}, ...prose(parameter.description))
        );
    }

    function addressOf(base, path, inputs) {
        const query = new URLSearchParams();
        let address = path;
        for (const input of inputs) {
            if (input.dataset.in === "path") {
                address = address.replace(`{${input.dataset.name}}`, encodeURIComponent(input.value));
            } else if (input.dataset.in === "query" && input.value) {
                query.append(input.dataset.name, input.value);
            }
        }
        return base + address + (query.size ? `?${query}` : "");
    }

    async function run(base, path, method, operation, box) {
        const texts = TEXTS[language];
        const inputs = [...box.querySelectorAll("[data-name]")];
        const headers = {"Accept-Language": language};
        const key = find("#key").value.trim();
        if (key && !(operation.security && !operation.security.length)) {
            headers.Authorization = `Bearer ${key}`;
        }
        for (const input of inputs) {
            if (input.dataset.in === "header" && input.value) {
                headers[input.dataset.name] = input.value;
            }
        }
        const area = box.querySelector("textarea");
        if (area) {
            headers["Content-Type"] = "application/json";
        }
        const output = box.querySelector(".output");
        output.replaceChildren(texts.running);
        const began = performance.now();
        try {
            const response = await fetch(addressOf(base, path, inputs), {
                method,
                headers,
                body: area ? area.value : undefined,
                credentials: "omit",
                redirect: "error",
            });
            const took = Math.round(performance.now() - began);
            const type = response.headers.get("Content-Type") || "";
            let text = "";
            if (type.includes("json")) {
                text = JSON.stringify(await response.json(), null, 2);
            } else if (type.includes("xml")) {
                text = await response.text();
            } else {
                text = `${type}, ${(await response.blob()).size} B`;
            }
            output.replaceChildren(
                make(
                    "p",
                    {},
                    make("span", {class: response.ok ? "status" : "status bad"}, String(response.status)),
                    ` · ${took} ms · ${response.headers.get("X-Request-Id") || ""}`
                ),
                make("pre", {}, text)
            );
        } catch {
            output.replaceChildren(make("span", {class: "status bad"}, texts.unreachable));
        }
    }

    function operationBox(spec, base, path, method, operation) {
        const texts = TEXTS[language];
        const inside = make("div", {}, make("p", {}, ...prose(operation.description)));
        for (const parameter of operation.parameters || []) {
            inside.append(parameterRow(operation, parameter));
        }
        if (operation.requestBody) {
            const content = operation.requestBody.content["application/json"];
            const area = make("textarea", {"aria-label": texts.body, spellcheck: "false"});
            area.value = JSON.stringify(content.example || resolve(spec, content.schema), null, 2);
            inside.append(make("p", {}, `${texts.body} · `, make("code", {}, content.schema.$ref.split("/").pop())), area);
        }
        const button = make("button", {type: "button"}, texts.run);
        const box = make(
            "details",
            {id: operation.operationId},
            make(
                "summary",
                {},
                make("span", {class: `method ${method}`}, method.toUpperCase()),
                make("span", {class: "path"}, path),
                make("span", {class: "summary"}, operation.summary)
            ),
            inside
        );
        button.addEventListener("click", () => run(base, path, method.toUpperCase(), operation, box));
        inside.append(
            make("p", {}, button),
            make("div", {class: "output", "aria-live": "polite"}),
            make("p", {class: "summary"}, Object.keys(operation.responses).join(" · "))
        );
        return box;
    }

    async function show() {
        const texts = TEXTS[language];
        document.documentElement.lang = language;
        find("#language").value = language;
        for (const element of document.querySelectorAll("[data-text]")) {
            element.textContent = texts[element.dataset.text];
        }
        const answer = await fetch("openapi.json", {
            headers: {"Accept-Language": language},
            credentials: "omit",
        });
        const spec = await answer.json();
        const base = spec.servers[0].url;
        document.title = spec.info.title;
        find("h1").textContent = spec.info.title;
        find("#description").replaceChildren(...prose(spec.info.description));
        const operations = [];
        for (const [path, methods] of Object.entries(spec.paths)) {
            for (const [method, operation] of Object.entries(methods)) {
                operations.push(operationBox(spec, base, path, method, operation));
            }
        }
        find("#operations").replaceChildren(...operations);
        find("#problems").replaceChildren(
            ...Object.entries(spec["x-problems"]).flatMap(([code, problem]) => [
                make("dt", {id: code}, `${problem.status} ${code}`),
                make("dd", {}, problem.title),
            ])
        );
        find("#schemas").replaceChildren(
            ...Object.entries(spec.components.schemas).map(([name, schema]) =>
                make(
                    "details",
                    {id: name},
                    make("summary", {}, name),
                    make("div", {}, make("pre", {}, JSON.stringify(schema, null, 2)))
                )
            )
        );
        if (location.hash) {
            const target = document.getElementById(location.hash.slice(1));
            if (target) {
                target.open = true;
                target.scrollIntoView();
            }
        }
        document.body.dataset.ready = language;
    }

    find("#language").addEventListener("change", (event) => {
        language = event.target.value;
        show();
    });
    show();
})();
