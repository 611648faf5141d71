"""The page that shows the OpenAPI document and lets a person try it: no script, style or picture from any other server."""

STATIC = "/l10n_tn_edi_ttn/static/src/api_docs"
# Nothing but this server's own files; the script calls this server alone
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = f"""<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>API El Fatoora</title>
<link rel="stylesheet" href="{STATIC}/docs.css">
<script src="{STATIC}/docs.js" defer></script>
</head>
<body>
<header>
<h1></h1>
<div class="bar">
<label><span data-text="language"></span>
<select id="language"><option value="fr">Français</option><option value="en">English</option></select></label>
<label class="key"><span data-text="key"></span>
<input id="key" type="password" autocomplete="off" spellcheck="false"></label>
</div>
<p class="hint" data-text="hint"></p>
</header>
<main>
<p id="description"></p>
<section id="operations"></section>
<h2 data-text="problems"></h2>
<dl id="problems"></dl>
<h2 data-text="schemas"></h2>
<section id="schemas"></section>
</main>
<noscript>JavaScript : <a href="openapi.json">openapi.json</a></noscript>
</body>
</html>
"""
