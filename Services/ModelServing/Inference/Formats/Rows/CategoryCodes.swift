/// Finds the code of a category by what a table says of it.
///
/// A text is compared as it stands, so that `007`, `1e3` and `NA` are themselves. Only where the
/// model was trained with numbers as categories does a cell stand for its number: `10`, `10.0` and
/// `1e1` are then the same.
struct CategoryCodes: Sendable {
    private var texts: [String: Int] = [:]
    private var numbers: [Double: Int] = [:]

    init(_ input: ModelInput) {
        for (code, label) in input.vocabulary.enumerated() {
            let key = input.categories == .flags ? label.lowercased() : label
            texts[key] = texts[key] ?? code
            guard input.categories == .numbers, let number = RowCell(label).number else { continue }
            // Two whole numbers beyond 2^53 may be the same float64: they have their digits alone.
            let isWhole = label.utf8.allSatisfy { $0 &- 48 < 10 || $0 == UInt8(ascii: "-") }
            if isWhole, number.magnitude > 0x1p53 { continue }
            numbers[number] = numbers[number] ?? code
        }
        isFlags = input.categories == .flags
    }

    private let isFlags: Bool

    subscript(cell: RowCell) -> Int? {
        if let code = texts[isFlags ? cell.text.lowercased() : cell.text] { return code }
        guard !numbers.isEmpty, let number = cell.number else { return nil }
        return numbers[number]
    }
}
