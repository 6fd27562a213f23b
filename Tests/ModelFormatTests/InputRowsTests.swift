import Inference
import ModelFixtures
import Testing

@Suite("Columns of a table and inputs of a model")
struct InputRowsTests {
    private func rows(_ text: String, _ model: LoadedModel) throws -> InputRows {
        try InputRows(RowTable(Array(text.utf8)), for: model)
    }

    /// What LightGBM takes the cells of column `c` for; nil where it is refused.
    private func codes(_ categories: String, _ cells: [String]) throws -> [Double?] {
        var model = SmallLightGBM()
        model.categories = categories
        let loaded = try ModelFile.load(model.bytes)
        return try cells.map { cell in
            let row = try rows("a,b,c\n0,0,\(cell)", loaded).row(0)[2]
            return row.isNaN ? nil : row
        }
    }

    @Test("texts that look like numbers, or like nothing, are categories as LightGBM has them")
    func texts() throws {
        // As lightgbm 4.7.0 answers a pandas table of these categories.
        let cells = [
            "007", "01234", "1e3", "0x10", "NA", "nan", "7", "1000", "16", "zz", "", "NaN",
        ]
        #expect(
            try codes(#"[["007", "01234", "1e3", "0x10", "NA", "nan"]]"#, cells)
                == [0, 1, 2, 3, 4, 5, nil, nil, nil, nil, nil, nil])
    }

    @Test("categories that are numbers are compared as numbers")
    func numbers() throws {
        #expect(
            try codes("[[10, 20, 30]]", ["10", "20.0", "3e1", "0x1.4p+3", "2", "0", ""])
                == [0, 1, 2, 0, nil, nil, nil])
        #expect(
            try codes("[[1e+300, 1e-05, 0.1, 2.0]]", ["1e300", "0.00001", ".1", "2", "3"])
                == [0, 1, 2, 3, nil])
        // Whole numbers that are one float64 have nothing but their digits.
        #expect(
            try codes(
                "[[1152921504606846976, 1152921504606846977]]",
                ["1152921504606846976", "1152921504606846977", "1152921504606846978"])
                == [0, 1, nil])
        #expect(try codes("[[false, true]]", ["True", "false", "1"]) == [1, 0, nil])
    }

    @Test("codes stand only where the file has no names")
    func plainCodes() throws {
        #expect(try codes("null", ["1", "0x1p1", "nan"]) == [1, 2, nil])
        #expect(throws: RowTableError.self) { try codes("null", ["red"]) }
    }

    @Test("XGBoost refuses a category that it was not trained with")
    func xgboost() throws {
        var small = SmallModel()
        small.featureTypes = #"["float","c","c"]"#
        small.extra = #"""
            ,"cats":{"enc":[{"offsets":[],"values":[]},
            {"offsets":[0,3,5],"values":[48,48,55,78,65]},{"type":15,"values":[7,10,30]}]}
            """#
        let model = try ModelFile.load(small.bytes)
        let header = "a,b,c\n"
        #expect(try rows(header + "1,007,10", model).row(0) == [1, 0, 1])
        #expect(try rows(header + "1,NA,7.0", model).row(0) == [1, 1, 0])
        #expect(try rows(header + "1,,30", model).row(0)[1].isNaN)
        for (cells, reason) in [
            ("1,7,10", "column \"b\": \"7\" is no category of the model"),
            ("1,007,2", "column \"c\": \"2\" is no category of the model"),
            ("x,007,10", "column \"a\": \"x\" is not a number"),
        ] {
            do {
                _ = try rows(header + cells, model).row(0)
                Issue.record("accepted \(cells)")
            } catch { #expect("\(error)" == "line 2, \(reason)") }
        }
    }

    @Test("columns are found by name, or taken in order with a note")
    func columns() throws {
        let model = try ModelFile.load(SmallModel().bytes)
        let named = try rows("c,id,b,a\n3,x,2,1", model)
        #expect(try named.row(0) == [1, 2, 3])
        #expect(named.notes.isEmpty)
        let ordered = try rows("x,y,z\n1,2,3", model)
        #expect(try ordered.row(0) == [1, 2, 3])
        #expect(ordered.notes.count == 1)
        for (header, reason) in [
            ("a,b,x", "the model's input \"c\" is not among the columns"),
            ("x,y", "2 columns for 3 inputs"),
        ] {
            do {
                _ = try rows(header, model)
                Issue.record("accepted \(header)")
            } catch { #expect("\(error)" == "line 1: \(reason)") }
        }
    }
}
