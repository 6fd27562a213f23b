/// The minor units of currencies (ISO 4217, list one).
public enum Currency {
    private static let withoutMinor: Set<String> = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
        "VUV", "XAF", "XOF", "XPF",
    ]
    private static let withThree: Set<String> = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]

    /// Digits after the point; nil if the text is not three capital letters.
    public static func exponent(_ code: String) -> Int? {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard code.utf8.count == 3, code.utf8.allSatisfy(letters.contains) else { return nil }
        if withoutMinor.contains(code) { return 0 }
        return withThree.contains(code) ? 3 : 2
    }
}
