internal import Numerics

/// The text of a LightGBM model: blocks of `key=value` lines, set apart by empty lines.
struct LightGBMText {
    let bytes: [UInt8]
    /// Start of the next line.
    private(set) var position = 0
    /// Number of the line that was read last, from 1.
    private(set) var line = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    mutating func nextLine() -> Range<Int>? {
        guard position < bytes.count else { return nil }
        line += 1
        let start = position
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        position = end + 1
        return start..<end
    }

    /// The fields up to the next empty line.
    ///
    /// - Parameter known: what may stand here: a key that is not known could change what the model
    ///   means.
    mutating func block(
        _ name: String, keys known: Set<String>
    ) throws(ModelFileError) -> LightGBMBlock {
        var block = LightGBMBlock(bytes: bytes, name: name, line: line)
        while let content = nextLine(), !content.isEmpty {
            let sign = bytes[content].firstIndex(of: UInt8(ascii: "="))
            let key = content.lowerBound..<(sign ?? content.upperBound)
            let shown = key.lowerBound..<min(key.upperBound, key.lowerBound + 64)
            let start = min(key.upperBound + 1, content.upperBound)
            let field = LightGBMField(
                bytes: bytes, value: start..<content.upperBound, line: line,
                lineStart: content.lowerBound, path: "\(name).\(text(shown))")
            guard known.contains(text(key)) else {
                throw field.error("this key is not known", at: key.lowerBound)
            }
            guard block.fields.updateValue(field, forKey: text(key)) == nil else {
                throw field.error("this key stands here twice", at: key.lowerBound)
            }
        }
        return block
    }
}

/// The fields of a header or of a tree.
struct LightGBMBlock {
    let bytes: [UInt8]
    let name: String
    let line: Int
    fileprivate(set) var fields: [String: LightGBMField] = [:]

    func optionalField(_ key: String) -> LightGBMField? { fields[key] }

    func field(_ key: String) throws(ModelFileError) -> LightGBMField {
        guard let field = fields[key] else { throw error("\"\(key)\" is missing") }
        return field
    }

    func error(_ reason: String, remedy: String = "") -> ModelFileError {
        ModelFileError(
            place: .line(max(line, 1), column: 1, path: name), reason: reason, remedy: remedy)
    }
}

/// A value of one line: tokens with one blank between them.
struct LightGBMField {
    let bytes: [UInt8]
    let value: Range<Int>
    let line: Int
    let lineStart: Int
    let path: String

    struct Token {
        let field: LightGBMField
        let range: Range<Int>
        let position: Int

        var bytes: ArraySlice<UInt8> { field.bytes[range] }

        func error(_ reason: String, remedy: String = "") -> ModelFileError {
            field.error(reason, remedy: remedy, at: range.lowerBound, element: position)
        }

        func integer(in range: ClosedRange<Int>) throws(ModelFileError) -> Int {
            guard let value = Self.wholeNumber(bytes) else {
                throw error("expected a whole number")
            }
            guard range.contains(value) else {
                throw error("\(value) lies outside \(range.lowerBound)...\(range.upperBound)")
            }
            return value
        }

        /// A number of any kind, but NaN, rounded once.
        func number() throws(ModelFileError) -> Double {
            guard bytes.count <= 128, let value = NumberText.parse(bytes) else {
                throw error("expected a number")
            }
            guard !value.isNaN else { throw error("NaN is not a number of a model") }
            return value
        }

        func finite() throws(ModelFileError) -> Double {
            let value = try number()
            guard value.isFinite else { throw error("the number does not fit a float64") }
            return value
        }

        private static func wholeNumber(_ digits: ArraySlice<UInt8>) -> Int? {
            let negative = digits.first == UInt8(ascii: "-")
            let digits = negative ? digits.dropFirst() : digits
            guard 1...18 ~= digits.count else { return nil }
            var value = 0
            for byte in digits {
                guard byte &- 48 < 10 else { return nil }
                value = value * 10 + Int(byte - 48)
            }
            return negative ? -value : value
        }
    }

    var text: String { String(decoding: bytes[value], as: UTF8.self) }

    func error(
        _ reason: String, remedy: String = "", at offset: Int? = nil, element: Int? = nil
    ) -> ModelFileError {
        let column = (offset ?? value.lowerBound) - lineStart + 1
        let path = path + (element.map { "[\($0)]" } ?? "")
        return ModelFileError(
            place: .line(line, column: column, path: path), reason: reason, remedy: remedy)
    }

    /// Calls `body` with each token; blanks beside blanks hold none.
    func visit(_ body: (Token) throws(ModelFileError) -> Void) throws(ModelFileError) {
        var start = value.lowerBound
        var position = 0
        while start < value.upperBound {
            if bytes[start] == UInt8(ascii: " ") {
                start += 1
                continue
            }
            var end = start
            while end < value.upperBound, bytes[end] != UInt8(ascii: " ") { end += 1 }
            try body(Token(field: self, range: start..<end, position: position))
            position += 1
            start = end
        }
    }

    /// Visits the tokens, which must be as many as `count`.
    func visit(
        exactly count: Int, _ body: (Token) throws(ModelFileError) -> Void
    ) throws(ModelFileError) {
        var found = 0
        try visit { (token) throws(ModelFileError) in
            found += 1
            guard found <= count else { throw token.error("more than \(count) elements") }
            try body(token)
        }
        guard found == count else { throw error("\(found) elements instead of \(count)") }
    }

    /// The only token, a whole number.
    func integer(in range: ClosedRange<Int>) throws(ModelFileError) -> Int {
        var result = 0
        try visit(exactly: 1) { (token) throws(ModelFileError) in
            result = try token.integer(in: range)
        }
        return result
    }

    func integers(
        exactly count: Int, in range: ClosedRange<Int>
    ) throws(ModelFileError) -> [Int] {
        var result: [Int] = []
        // No more than the text can hold, whatever is claimed.
        result.reserveCapacity(min(count, value.count / 2 + 1))
        try visit(exactly: count) { (token) throws(ModelFileError) in
            result.append(try token.integer(in: range))
        }
        return result
    }
}
