internal import Numerics

/// One value of a table of rows: a text, which may be a number or stand for a missing value.
public struct RowCell: Sendable, Hashable {
    /// Without blanks around it, unless it stood in quotes.
    public let text: String

    /// - Parameter bytes: UTF-8; between quotes each quote of the text stands twice.
    init(_ bytes: ArraySlice<UInt8>, isQuoted: Bool) {
        let text = String(decoding: bytes, as: UTF8.self)
        self.text = isQuoted && text.contains("\"") ? text.replacing("\"\"", with: "\"") : text
    }

    public init(_ text: String) { self.text = text }

    /// What pandas and R write for no value.
    public var isMissing: Bool {
        switch text.utf8.count {
        case 0: true
        case 2...4:
            ["na", "nan", "-nan", "n/a", "null", "none", "<na>"].contains(text.lowercased())
        default: false
        }
    }

    /// The number that the cell states, rounded once to the nearest float64: decimal, hexadecimal
    /// (`0x1.8p+1`) or infinite, as spreadsheets, SAS, R and Python write them; nil for a text.
    public var number: Double? {
        if let number = NumberText.parse(text), !number.isNaN { return number }
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        switch String(decoding: rest, as: UTF8.self).lowercased() {
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        default: break
        }
        // `.5` and `5.` lack a digit on one side of the point, which JSON's grammar wants.
        guard let first = rest.first, first &- 48 < 10 || first == UInt8(ascii: "."),
            rest.prefix(2).contains(where: { $0 &- 48 < 10 })
        else { return nil }
        var digits = Array(rest)
        if first == UInt8(ascii: ".") { digits.insert(UInt8(ascii: "0"), at: 0) }
        if let point = digits.firstIndex(of: UInt8(ascii: ".")),
            point + 1 == digits.count || digits[point + 1] | 0x20 == UInt8(ascii: "e")
        {
            digits.insert(UInt8(ascii: "0"), at: point + 1)
        }
        return DecimalNumber.double(digits[...]).map { isNegative ? -$0 : $0 }
    }

    /// A hexadecimal float that is a whole number: what a table with exact numbers has for the code
    /// of a category.
    var wholeHexadecimal: Int? {
        guard text.contains(where: { $0 == "p" || $0 == "P" }), let number = HexFloat.parse(text)
        else { return nil }
        return Int(exactly: number)
    }
}
