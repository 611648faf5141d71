"""Those who sign: each gives a certificate chain and signs the bytes that :func:`..xades.prepare` made."""
