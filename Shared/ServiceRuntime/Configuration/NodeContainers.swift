internal import Yams

/// A mapping's values by key.
struct MappingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let values: [String: Node]
    private let order: [String]
    private let decoder: NodeDecoder
    private let asked: NodeDecoder.AskedKeys

    init(
        mapping: Node.Mapping, decoder: NodeDecoder, asked: NodeDecoder.AskedKeys
    ) throws(ConfigurationError) {
        var values: [String: Node] = [:]
        var order: [String] = []
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                throw decoder.error("a key must be plain text", at: key)
            }
            values[name] = value
            order.append(name)
        }
        self.values = values
        self.order = order
        self.decoder = decoder
        self.asked = asked
    }

    var codingPath: [any CodingKey] { decoder.path }
    var allKeys: [Key] { order.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool {
        asked.keys.insert(key.stringValue)
        return values[key.stringValue] != nil
    }

    private func child(_ key: Key) throws -> NodeDecoder {
        asked.keys.insert(key.stringValue)
        guard let node = values[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: codingPath, debugDescription: "missing"))
        }
        return NodeDecoder(node: node, path: codingPath + [key], document: decoder.document)
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        let child = try child(key)
        return child.isNull
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try child(key).value(of: type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try child(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try child(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
}

/// A list's elements in order.
struct SequenceContainer: UnkeyedDecodingContainer {
    private struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { intValue.map(String.init) ?? "" }

        init(intValue: Int) { self.intValue = intValue }
        init?(stringValue: String) { intValue = Int(stringValue) }
    }

    private let elements: [Node]
    private let decoder: NodeDecoder
    private(set) var currentIndex = 0

    init(elements: [Node], decoder: NodeDecoder) {
        self.elements = elements
        self.decoder = decoder
    }

    var codingPath: [any CodingKey] { decoder.path }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private func current() throws(ConfigurationError) -> NodeDecoder {
        guard !isAtEnd else { throw decoder.error("expected more than \(elements.count) elements") }
        return NodeDecoder(
            node: elements[currentIndex], path: codingPath + [Index(intValue: currentIndex)],
            document: decoder.document)
    }

    private mutating func next() throws(ConfigurationError) -> NodeDecoder {
        let decoder = try current()
        currentIndex += 1
        return decoder
    }

    mutating func decodeNil() throws -> Bool {
        guard try current().isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try next().value(of: type)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder { try next() }
}
