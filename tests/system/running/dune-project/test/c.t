  $ tested-tool
  MACHINE
  $ ./other.exe
  other on MACHINE
