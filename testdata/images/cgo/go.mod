module harbour.test/thumb

go 1.19
