# Every task of the project. `make help` lists them.
