internal import Yams

/// Decodes one YAML node, and knows where it stands in its file.
struct NodeDecoder: Decoder {
    /// What all decoders of one file share.
    final class Document {
        /// More values than any configuration has: what aliases can multiply a small file to is bounded here.
        static let maximumNodes = 100_000

        let file: String
        private var nodes = 0

        init(file: String) {
            self.file = file
        }

        /// False once too many values were visited.
        func visit() -> Bool {
            nodes += 1
            return nodes <= Self.maximumNodes
        }
    }

    /// The keys of one mapping that its value has asked for.
    final class AskedKeys {
        var keys: Set<String> = []
    }

    let node: Node
    let path: [any CodingKey]
    let document: Document
    private let asked = AskedKeys()

    var codingPath: [any CodingKey] { path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(node: Node, path: [any CodingKey], document: Document) {
        self.node = node
        self.path = path
        self.document = document
    }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        guard let mapping = node.mapping else { throw error("expected a mapping") }
        return KeyedDecodingContainer(
            try MappingContainer<Key>(mapping: mapping, decoder: self, asked: asked))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let sequence = node.sequence else { throw error("expected a list") }
        return SequenceContainer(elements: Array(sequence), decoder: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        ScalarContainer(decoder: self)
    }

    /// Decodes a whole value; every failure inside becomes an error with its place.
    func value<Value: Decodable>(of type: Value.Type) throws(ConfigurationError) -> Value {
        guard document.visit() else { throw error("the file has too many values") }
        if type == Duration.self, let duration = try duration() as? Value { return duration }
        do {
            let value = try Value(from: self)
            try refuseUnknownKeys()
            return value
        } catch let error as ConfigurationError {
            throw error
        } catch let error as DecodingError {
            throw located(error)
        } catch {
            throw self.error("\(error)")
        }
    }

    private func duration() throws(ConfigurationError) -> Duration {
        guard let text = node.scalar?.string, let duration = DurationText.parse(text) else {
            throw error("expected \(DurationText.expectation)")
        }
        return duration
    }

    private func refuseUnknownKeys() throws(ConfigurationError) {
        guard let mapping = node.mapping, !asked.keys.isEmpty else { return }
        for (key, _) in mapping {
            let name = key.scalar?.string ?? ""
            guard !asked.keys.contains(name) else { continue }
            let known = asked.keys.sorted().joined(separator: ", ")
            throw error("unknown key '\(name)'; known are \(known)", at: key)
        }
    }

    // MARK: Errors

    func error(_ message: String, at other: Node? = nil, key: (any CodingKey)? = nil)
        -> ConfigurationError
    {
        let mark = (other ?? node).mark
        let full = key.map { path + [$0] } ?? path
        return ConfigurationError(
            file: document.file, line: mark?.line ?? 1, column: mark?.column ?? 1,
            path: full.map { "/" + ($0.intValue.map(String.init) ?? $0.stringValue) }.joined(),
            message: message)
    }

    private func located(_ error: DecodingError) -> ConfigurationError {
        switch error {
        case .keyNotFound(let key, _):
            return self.error("key '\(key.stringValue)' is missing")
        case .dataCorrupted(let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            // A value may complain about one of its own keys: point at that one.
            if context.codingPath.count == path.count + 1, let key = context.codingPath.last,
                let child = node.mapping?[key.stringValue]
            {
                return self.error(context.debugDescription, at: child, key: key)
            }
            return self.error(context.debugDescription)
        @unknown default:
            return self.error("\(error)")
        }
    }
}
