/// Writes a message: its properties, field table, codec, validation, JSON and equality, in the
/// shape that wire.md §13 shows.
struct SwiftMessageEmitter {
    /// What is written at one place of a message: a property, or the members of a oneof that no
    /// other field interrupts.
    enum Slot {
        case field(SwiftField)
        case oneof(Int, [SwiftField])
    }

    let message: Message
    let schema: Schema
    let depth: Int
    /// The name inside its parent.
    let name: String
    let slots: [Slot]
    /// Required message fields and oneofs by their smallest number: their bits in `seen`.
    let requiredBits: [Required: Int]

    enum Required: Hashable {
        case field(Int)
        case oneof(Int)
    }

    init(_ message: Message, schema: Schema, depth: Int) {
        self.message = message
        self.schema = schema
        self.depth = depth
        name = message.name.split(separator: ".").last.map(String.init) ?? message.name
        var slots: [Slot] = []
        var bits: [Required: Int] = [:]
        for field in message.fields {
            let swift = SwiftField(field: field, schema: schema, container: message)
            guard let oneof = field.oneof else {
                slots.append(.field(swift))
                if field.isRequiredMessage { bits[.field(field.number)] = bits.count }
                continue
            }
            if message.oneofs[oneof].isRequired, bits[.oneof(oneof)] == nil {
                bits[.oneof(oneof)] = bits.count
            }
            if case .oneof(oneof, let members)? = slots.last {
                slots[slots.count - 1] = .oneof(oneof, members + [swift])
            } else {
                slots.append(.oneof(oneof, [swift]))
            }
        }
        self.slots = slots
        requiredBits = bits
    }

    func emit(to writer: inout CodeWriter) {
        writer.documentation(message.doc)
        writer.block("public struct \(name): WireMessage") { writer in
            emitProperties(to: &writer)
            for index in message.oneofs.indices {
                writer.line()
                emitOneof(index, to: &writer)
            }
            writer.line()
            emitInitializer(to: &writer)
            writer.line()
            emitBlank(to: &writer)
            writer.line()
            emitFieldTable(to: &writer)
            emitPatterns(to: &writer)
            writer.line()
            emitDecoder(to: &writer)
            writer.line()
            emitMeasure(to: &writer)
            writer.line()
            emitWrite(to: &writer)
            writer.line()
            emitValidate(to: &writer)
            writer.line()
            emitJSONDecoder(to: &writer)
            writer.line()
            emitJSONEncoder(to: &writer)
            writer.line()
            emitEquality(to: &writer)
        }
    }

    /// The properties in order: a field, or a oneof at the place of its smallest number.
    var properties: [Slot] {
        var seen: Set<Int> = []
        return slots.filter { slot in
            if case .oneof(let index, _) = slot { return seen.insert(index).inserted }
            return true
        }
    }

    func oneofProperty(_ index: Int) -> String {
        SwiftName.property(message.oneofs[index].name)
    }

    func oneofType(_ index: Int) -> String { Spelling.swiftType(message.oneofs[index].name) }

    var members: [[SwiftField]] {
        message.oneofs.indices.map { index in
            message.members(of: index).map {
                SwiftField(field: $0, schema: schema, container: message)
            }
        }
    }

    // MARK: Properties

    private func emitProperties(to writer: inout CodeWriter) {
        for slot in properties {
            switch slot {
            case .field(let field):
                writer.documentation(field.field.doc)
                if let reason = field.field.deprecated {
                    writer.line("/// Deprecated: \(reason).")
                }
                let value = field.isOptional ? nil : field.defaultValue
                let initial = value.map { " = \($0)" } ?? ""
                writer.line("public var \(field.property): \(field.propertyType)\(initial)")
            case .oneof(let index, _):
                writer.documentation(message.oneofs[index].doc)
                let optional = message.oneofs[index].isRequired ? "" : "?"
                writer.line(
                    "public var \(oneofProperty(index)): \(oneofType(index))\(optional)")
            }
        }
        writer.line("public var unknown: UnknownFields?")
    }

    private func emitOneof(_ index: Int, to writer: inout CodeWriter) {
        let type = oneofType(index)
        writer.block("public enum \(type): WireValue") { writer in
            for member in members[index] {
                writer.documentation(member.field.doc)
                if let reason = member.field.deprecated {
                    writer.line("/// Deprecated: \(reason).")
                }
                writer.line("case \(member.member)(\(member.elementType))")
            }
            writer.line()
            SwiftEquality.emitEnum(type, members[index], hasUnrecognized: false, to: &writer)
        }
    }

    // MARK: Initializers

    private func emitInitializer(to writer: inout CodeWriter) {
        var parameters: [String] = []
        var assignments: [String] = []
        for slot in properties {
            switch slot {
            case .field(let field):
                let value = field.defaultValue.map { " = \($0)" } ?? ""
                parameters.append(
                    "\(SwiftName.bare(field.property)): \(field.propertyType)\(value)")
                assignments.append("self.\(field.property) = \(field.property)")
            case .oneof(let index, _):
                let name = oneofProperty(index)
                let type = oneofType(index)
                let isRequired = message.oneofs[index].isRequired
                parameters.append(
                    "\(SwiftName.bare(name)): \(type)\(isRequired ? "" : "? = nil")")
                assignments.append("self.\(name) = \(name)")
            }
        }
        if assignments.isEmpty { return writer.line("public init() {}") }
        writer.list("public init(", parameters, ") {", closesOnOwnLine: true)
        writer.indented { writer in writer.lines(assignments) }
        writer.line("}")
    }

    private func emitBlank(to writer: inout CodeWriter) {
        var arguments: [String] = []
        for slot in properties {
            switch slot {
            case .field(let field) where field.field.isRequiredMessage:
                arguments.append("\(SwiftName.bare(field.property)): .blank()")
            case .oneof(let index, _) where message.oneofs[index].isRequired:
                guard let first = members[index].first else { continue }
                arguments.append(
                    "\(SwiftName.bare(oneofProperty(index))): .\(first.member)(\(first.blank))")
            default: break
            }
        }
        let call = "\(name)(\(arguments.joined(separator: ", ")))"
        if arguments.isEmpty {
            return writer.line("public static func blank() -> \(name) { \(call) }")
        }
        writer.block("public static func blank() -> \(name)") { writer in
            writer.list("\(name)(", arguments, ")")
        }
    }

    // MARK: Tables

    private func emitFieldTable(to writer: inout CodeWriter) {
        SwiftFieldTable(message: message, schema: schema, depth: depth).emit(to: &writer)
    }

    /// Names of the static patterns, by field number.
    var patternNames: [Int: String] { SwiftPatterns.names(message.fields) }

    private func emitPatterns(to writer: inout CodeWriter) {
        SwiftPatterns.emit(message.fields, to: &writer)
    }

    private func emitEquality(to writer: inout CodeWriter) {
        let names = properties.map { slot in
            switch slot {
            case .field(let field): field.property
            case .oneof(let index, _): oneofProperty(index)
            }
        }
        SwiftEquality.emitStruct(name, names + ["unknown"], to: &writer)
    }
}
