#!/usr/bin/env ocaml
#use "topfind"
#require "topkg"
open Topkg

let () =
  Pkg.describe "toy-topkg" ~licenses:[] ~readmes:[] ~change_logs:[] ~opams:[] @@ fun _ ->
  Ok [ Pkg.mllib ~api:[ "Toytopkg" ] "src/toytopkg.mllib"; Pkg.clib "src/libtoytopkg.clib"; Pkg.bin "src/toy_topkg" ]
