internal import Numerics

/// One value of a parsed document, with the questions a loader asks of it. Every answer that is not
/// what the loader needs is an error that names the byte and the path.
struct JSONCursor {
    let tape: JSONTape
    let index: Int
    /// Which number of the array at `index` this is, if that is an array in one piece.
    private var element: Int?

    init(tape: JSONTape, index: Int) {
        self.tape = tape
        self.index = index
    }

    var kind: JSONTape.Kind { element == nil ? tape.kind(at: index) : .number }

    var offset: Int {
        guard let element else { return tape.offset(at: index) }
        let numbers = numbers
        return numbers.start + element * numbers.width
    }

    func error(_ reason: String, remedy: String = "") -> ModelFileError {
        let path = tape.path(to: index) + (element.map { "[\($0)]" } ?? "")
        return ModelFileError(offset: offset, path: path, reason: reason, remedy: remedy)
    }

    // MARK: Containers

    func field(_ name: StaticString) throws(ModelFileError) -> JSONCursor {
        guard let found = try optionalField(name) else { throw error("\"\(name)\" is missing") }
        return found
    }

    func optionalField(_ name: StaticString) throws(ModelFileError) -> JSONCursor? {
        try require(.object)
        let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var member = index + 3
        let end = tape.next(after: index)
        while member < end {
            if tape.hasText(wanted, at: tape.offset(at: member)) {
                return JSONCursor(tape: tape, index: member + 1)
            }
            member = tape.next(after: member + 1)
        }
        return nil
    }

    /// The keys of an object with their values.
    func members() throws(ModelFileError) -> [(key: String, value: JSONCursor)] {
        try require(.object)
        var result: [(key: String, value: JSONCursor)] = []
        var member = index + 3
        let end = tape.next(after: index)
        while member < end {
            let key = tape.text(at: tape.offset(at: member))
            result.append((key, JSONCursor(tape: tape, index: member + 1)))
            member = tape.next(after: member + 1)
        }
        return result
    }

    func count() throws(ModelFileError) -> Int {
        if kind == .numbers { return numbers.count }
        try require(.array)
        return tape.count(at: index)
    }

    /// Calls `body` with the position and the value of each element, in order.
    func visit(_ body: (Int, JSONCursor) throws(ModelFileError) -> Void) throws(ModelFileError) {
        if kind == .numbers {
            var cursor = self
            for position in 0..<numbers.count {
                cursor.element = position
                try body(position, cursor)
            }
            return
        }
        try require(.array)
        var element = index + 3
        for position in 0..<tape.count(at: index) {
            try body(position, JSONCursor(tape: tape, index: element))
            element = tape.next(after: element)
        }
    }

    // MARK: Scalars

    func text() throws(ModelFileError) -> String {
        try require(.string)
        return tape.text(at: offset)
    }

    /// A scalar as a text that names it: a string itself, a number as it is written.
    func label() throws(ModelFileError) -> String {
        switch kind {
        case .string: return try text()
        case .number:
            guard tape.syntax == .ubjson else {
                return String(decoding: numberText, as: UTF8.self)
            }
            let (marker, start) = binary
            let integer = UBJSONNumber.integer(tape.bytes, at: start, marker)
            return integer.map(String.init)
                ?? UBJSONNumber.double(tape.bytes, at: start, marker).description
        case .true: return "true"
        case .false: return "false"
        default: throw error("expected a text or a number, found \(kind.name)")
        }
    }

    /// The scalars of a list as the names of categories, and what these names stand for.
    func vocabulary(
        limit: Int
    ) throws(ModelFileError) -> (labels: [String], categories: ModelInput.Categories) {
        let count = try count()
        guard count <= limit else {
            throw error("\(count) categories; at most \(limit) are read")
        }
        var labels: [String] = []
        labels.reserveCapacity(count)
        var (numbers, flags) = (0, 0)
        try visit { (_, label) throws(ModelFileError) in
            labels.append(try label.label())
            if label.kind == .number { numbers += 1 }
            if label.kind == .true || label.kind == .false { flags += 1 }
        }
        if labels.isEmpty { return ([], .texts) }
        if numbers == labels.count { return (labels, .numbers) }
        return (labels, flags == labels.count ? .flags : .texts)
    }

    /// A whole number; XGBoost writes many of its parameters as text, so text with digits serves
    /// too.
    func integer(in range: ClosedRange<Int>) throws(ModelFileError) -> Int {
        let found: Int?
        switch kind {
        case .number:
            if tape.syntax == .ubjson {
                let (marker, start) = binary
                found = UBJSONNumber.integer(tape.bytes, at: start, marker)
            } else {
                found = Self.wholeNumber(numberText)
            }
        case .string: found = Self.wholeNumber(tape.rawText(at: offset))
        default: throw error("expected a whole number, found \(kind.name)")
        }
        guard let value = found else { throw error("expected a whole number") }
        guard range.contains(value) else {
            throw error("\(value) lies outside \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }

    /// A decimal number rounded once, to the nearest float32.
    func float() throws(ModelFileError) -> Float {
        try require(.number)
        guard !isNaN else { throw error("NaN is not a number of a model") }
        let value: Float?
        if tape.syntax == .ubjson {
            let (marker, start) = binary
            value = UBJSONNumber.float(tape.bytes, at: start, marker)
        } else {
            value = DecimalNumber.float(numberText)
        }
        guard let value, value.isFinite else { throw error("the number does not fit a float32") }
        return value
    }

    /// A decimal number rounded once, to the nearest float64.
    func double() throws(ModelFileError) -> Double {
        try require(.number)
        guard !isNaN else { throw error("NaN is not a number of a model") }
        let value: Double?
        if tape.syntax == .ubjson {
            let (marker, start) = binary
            value = UBJSONNumber.double(tape.bytes, at: start, marker)
        } else {
            value = DecimalNumber.double(numberText)
        }
        guard let value, value.isFinite else { throw error("the number does not fit a float64") }
        return value
    }

    /// NaN: in JSON the bare word, which JSON does not have and XGBoost writes.
    var isNaN: Bool {
        guard kind == .number else { return false }
        guard tape.syntax == .ubjson else { return tape.bytes[offset] == UInt8(ascii: "N") }
        let (marker, start) = binary
        return UBJSONNumber.double(tape.bytes, at: start, marker).isNaN
    }

    /// False or true, or 0 or 1 where a library writes a byte.
    func flag() throws(ModelFileError) -> Bool {
        switch kind {
        case .false: return false
        case .true: return true
        default: return try integer(in: 0...1) == 1
        }
    }

    func integers(in range: ClosedRange<Int>) throws(ModelFileError) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(try count())
        try visit { (_, element) throws(ModelFileError) in
            result.append(Int32(truncatingIfNeeded: try element.integer(in: range)))
        }
        return result
    }

    func floats() throws(ModelFileError) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(try count())
        try visit { (_, element) throws(ModelFileError) in result.append(try element.float()) }
        return result
    }

    private func require(_ wanted: JSONTape.Kind) throws(ModelFileError) {
        guard kind == wanted else { throw error("expected \(wanted.name), found \(kind.name)") }
    }

    private var numbers: UBJSONNumbers {
        UBJSONNumbers(tape.bytes, at: tape.offset(at: index))
    }

    /// Type and place of a number of a UBJSON document.
    private var binary: (marker: UInt8, start: Int) {
        guard let element else { return (tape.bytes[offset], offset + 1) }
        let numbers = numbers
        return (numbers.marker, numbers.start + element * numbers.width)
    }

    private var numberText: ArraySlice<UInt8> {
        let start = offset
        var end = start
        while end < tape.bytes.count, DecimalNumber.isNumberByte(tape.bytes[end]) { end += 1 }
        return tape.bytes[start..<end]
    }

    private static func wholeNumber(_ digits: ArraySlice<UInt8>) -> Int? {
        var digits = digits
        let negative = digits.first == UInt8(ascii: "-")
        if negative { digits = digits.dropFirst() }
        guard 1...18 ~= digits.count else { return nil }
        var value = 0
        for byte in digits {
            guard byte &- 48 < 10 else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        return negative ? -value : value
    }
}
