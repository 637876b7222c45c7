module harbour.test/harbour

go 1.19
