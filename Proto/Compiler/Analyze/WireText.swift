/// The wire text of a root: what its bytes depend on, without names (wire.md §10). Its SHA-256 is
/// the wire fingerprint.
struct WireText {
    private let schema: Schema
    private var numbers: [TypeID: Int] = [:]
    private var queue: [TypeID] = []

    static func text(of type: TypeID, in schema: Schema) -> String {
        var writer = WireText(schema: schema)
        _ = writer.number(of: type)
        return writer.types()
    }

    static func text(of service: Service, in schema: Schema) -> String {
        // The service is number 0, so types begin at 1.
        var writer = WireText(schema: schema)
        writer.base = 1
        var text = "service \(service.fullName)\n"
        for method in service.methods.sorted(by: { $0.name.utf8.precedes($1.name.utf8) }) {
            let request = "#\(writer.number(of: method.request))"
            let response = "#\(writer.number(of: method.response))"
            let streams = (method.streamsRequest, method.streamsResponse)
            text += "\(method.name) \(streams.0 ? "stream " : "")\(request)"
            text += " \(streams.1 ? "stream " : "")\(response)\n"
        }
        return text + writer.types()
    }

    private var base = 0

    private init(schema: Schema) { self.schema = schema }

    private mutating func number(of type: TypeID) -> Int {
        if let known = numbers[type] { return known }
        let number = base + queue.count
        numbers[type] = number
        queue.append(type)
        return number
    }

    private mutating func types() -> String {
        var text = ""
        var next = 0
        while next < queue.count {
            let type = queue[next]
            let number = base + next
            next += 1
            switch schema.types[type.index] {
            case .enumeration(let enumeration):
                text += "enum \(number)\n"
                for value in enumeration.values { text += "\(value.number)\n" }
            case .message(let message):
                text += "\(message.isUnion ? "union" : "message") \(number)\n"
                for field in message.fields { text += line(field, of: message) }
            }
        }
        return text
    }

    private mutating func line(_ field: Field, of message: Message) -> String {
        var text = "\(field.number) "
        let element = element(field.type)
        switch field.cardinality {
        case .singular: text += element
        case .optional: text += element + "?"
        case .list: text += "[\(element)]"
        case .map(let key, let encoding):
            text += "[\(key.rawValue)\(encoding == .twos ? " twos" : ""):\(element)]"
        }
        if field.encoding != .varint { text += " \(field.encoding.rawValue)" }
        if let oneof = field.oneof, !message.isUnion {
            let smallest = message.members(of: oneof).map(\.number).min() ?? field.number
            text += " oneof \(smallest)"
        }
        return text + "\n"
    }

    private mutating func element(_ type: ValueType) -> String {
        switch type {
        case .builtin(let builtin): builtin.rawValue
        case .message(let id), .enumeration(let id): "#\(number(of: id))"
        }
    }
}

extension String.UTF8View {
    /// Order by bytes, the only order that canonical text knows.
    func precedes(_ other: String.UTF8View) -> Bool { lexicographicallyPrecedes(other) }
}
