internal import Yams

extension NodeDecoder {
    var isNull: Bool {
        guard let scalar = node.scalar else { return false }
        return scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
    }
}

/// One plain value.
struct ScalarContainer: SingleValueDecodingContainer {
    let decoder: NodeDecoder

    var codingPath: [any CodingKey] { decoder.path }

    private func text(_ expectation: String) throws(ConfigurationError) -> String {
        guard let text = decoder.node.scalar?.string else {
            throw decoder.error("expected \(expectation)")
        }
        return text
    }

    func decodeNil() -> Bool { decoder.isNull }

    func decode(_ type: String.Type) throws -> String {
        if decoder.isNull { throw decoder.error("expected text") }
        return try text("text")
    }

    /// `true` and `false` only: YAML 1.1's `yes`, `no`, `on` and `off` are refused.
    func decode(_ type: Bool.Type) throws -> Bool {
        let text = try text("true or false")
        guard let value = Bool(text), isPlain else {
            throw decoder.error("expected true or false, found '\(text)'")
        }
        return value
    }

    func decode(_ type: Double.Type) throws -> Double { try number(Double.init) }
    func decode(_ type: Float.Type) throws -> Float { try number(Float.init) }
    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try NodeDecoder(node: decoder.node, path: decoder.path, document: decoder.document)
            .value(of: type)
    }

    private var isPlain: Bool { decoder.node.scalar?.style == .plain }

    private func number<Value: BinaryFloatingPoint>(
        _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        let text = try text("a number")
        guard let value = parse(text), value.isFinite, isPlain else {
            throw decoder.error("expected a number, found '\(text)'")
        }
        return value
    }

    private func integer<Value: FixedWidthInteger>() throws(ConfigurationError) -> Value {
        let text = try text("a whole number")
        guard let value = Value(text.filter { $0 != "_" }), isPlain, text.first != "_" else {
            throw decoder.error(
                "expected a whole number from \(Value.min) to \(Value.max), found '\(text)'")
        }
        return value
    }
}
