/// A number of a table: decimal, hexadecimal, `nan`, `inf` or `-inf`.
public enum NumberText {
    /// The float64 of `text`, rounded once; nil if it is none of these.
    public static func parse(_ text: ArraySlice<UInt8>) -> Double? {
        if let decimal = DecimalNumber.double(text) { return decimal }
        if let hexadecimal = HexFloat.parse(text) { return hexadecimal }
        switch String(decoding: text.prefix(5), as: UTF8.self) {
        case "nan": return .nan
        case "inf", "+inf": return .infinity
        case "-inf": return -.infinity
        default: return nil
        }
    }

    public static func parse(_ text: String) -> Double? { parse(Array(text.utf8)[...]) }
}
