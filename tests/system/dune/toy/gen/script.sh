echo "let here = \"$1\""
