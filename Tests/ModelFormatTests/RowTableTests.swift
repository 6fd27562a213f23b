import Inference
import Testing

@Suite("Tables of rows")
struct RowTableTests {
    private func refusal(_ text: String) -> String {
        do {
            _ = try RowTable(Array(text.utf8))
            return "accepted"
        } catch { return error.description }
    }

    private func cells(_ text: String) throws -> [[String]] {
        let table = try RowTable(Array(text.utf8))
        return (0..<table.rowCount).map { row in
            table.names.indices.map { table.cell(row, $0).text }
        }
    }

    @Test("decimal and hexadecimal numbers, missing values, infinities and texts")
    func values() throws {
        let text = "\u{FEFF}a, b\r\n0x1.8000000000000p+1,-1e-3\r\nnan,\n\ninf,-inf\nNA,red"
        let table = try RowTable(Array(text.utf8))
        #expect(table.names == ["a", "b"])
        #expect(table.rowCount == 4)
        #expect(table.lines == [2, 3, 5, 6])
        #expect(table.cell(0, 0).number == 3 && table.cell(0, 1).number == -0.001)
        #expect(table.cell(1, 0).isMissing && table.cell(1, 1).isMissing)
        #expect(table.cell(2, 0).number == .infinity && table.cell(2, 1).number == -.infinity)
        #expect(table.cell(3, 0).isMissing && !table.cell(3, 1).isMissing)
        #expect(table.cell(3, 1).number == nil && table.cell(3, 1).text == "red")
    }

    @Test("numbers as spreadsheets, SAS, R and Python write them")
    func spellings() {
        let numbers: [(String, Double)] = [
            (".5", 0.5), ("-.5", -0.5), ("+.5", 0.5), ("5.", 5), ("-5.", -5), ("+5", 5),
            ("5.e2", 500), (".5e1", 5), ("+1e3", 1_000), ("007", 7), ("Inf", .infinity),
            ("-INF", -.infinity), ("Infinity", .infinity), ("+inf", .infinity), ("0x10", 16),
            ("-0x1.8p1", -3), ("-0", -0.0),
        ]
        for (text, number) in numbers {
            #expect(RowCell(text).number?.bitPattern == number.bitPattern, "\(text)")
            #expect(!RowCell(text).isMissing, "\(text)")
        }
        for text in [
            ".", "-", "+", "5.5.", "..5", ".e5", "5,5", "1 000", "--5", "+-5", "infant", "e5",
        ] {
            #expect(RowCell(text).number == nil, "\(text)")
        }
        for text in ["", "nan", "NaN", "NA", "N/A", "null", "NULL", "None", "<NA>", "-nan"] {
            #expect(RowCell(text).isMissing && RowCell(text).number == nil, "\(text)")
        }
        #expect(!RowCell("nano").isMissing && !RowCell("Nana").isMissing)
    }

    @Test("a number is rounded once")
    func rounding() {
        let digits = "0.1000000000000000055511151231257827021181583404541015626"
        #expect(RowCell(digits).number == 0.1)
        #expect(RowCell(String(digits.dropFirst())).number == 0.1)
        #expect(RowCell("1.7976931348623157e308").number == .greatestFiniteMagnitude)
    }

    @Test("cells in quotes keep commas, blanks, quotes and lines")
    func quotes() throws {
        #expect(
            try cells("\"a\",\"b, c\"\r\n\" x \",\"say \"\"no\"\"\"\r\n\"two\nlines\", \"1\" \n")
                == [[" x ", "say \"no\""], ["two\nlines", "1"]])
        let table = try RowTable(Array("a\n\"1\n2\"\nx".utf8))
        #expect(table.lines == [2, 4])
        #expect(try cells("a,b\n1,") == [["1", ""]])
        #expect(try cells("a\n\n\"\"\n") == [[""], [""]])
        #expect(refusal("a\n\"1") == "line 2, column \"a\": its quote is never closed")
        #expect(refusal("a\n\"1\"2") == "line 2, column \"a\": goes on behind its closing quote")
        #expect(
            refusal("a\n1\"2\"").hasPrefix("line 2, column \"a\": a quote in the middle"))
    }

    @Test("a fault is named with its line and column")
    func faults() {
        #expect(refusal("") == "line 1: the file is empty")
        #expect(refusal("\u{FEFF}") == "line 1: the file is empty")
        #expect(refusal("a,a\n") == "line 1, column \"a\": stands there twice")
        #expect(refusal("a,\n") == "line 1, column \"2\": has no name")
        #expect(refusal("a,b\n1,2\n1") == "line 3: 1 values for 2 columns")
        #expect(
            refusal("a\n" + String(repeating: "1", count: 5_000))
                == "line 2, column \"a\": longer than 4096 bytes")
        #expect(throws: RowTableError.self) { try RowTable([97, 10, 0xFF]) }
    }
}
