internal import Wire

extension DynamicMessage {
    /// The value for people: a line per field that is set, nested messages indented.
    ///
    /// - Parameter showsPersonalData: false replaces what is personal by its kind, and hides what
    ///   is unknown.
    public func text(showsPersonalData: Bool) -> String {
        var outline = Outline(showsPersonalData: showsPersonalData)
        outline.message(self)
        return outline.lines.map { $0 + "\n" }.joined()
    }
}

/// Collects the lines of a readable form.
struct Outline {
    let showsPersonalData: Bool
    private(set) var lines: [String] = []
    private var depth = 0

    init(showsPersonalData: Bool) { self.showsPersonalData = showsPersonalData }

    mutating func message(_ message: DynamicMessage) {
        let fields = message.type.fields
        let width = message.slots.map { fields[$0.field].name.utf8.count }.max() ?? 0
        for slot in message.slots {
            let field = fields[slot.field]
            if let pii = field.pii, !showsPersonalData {
                line(field.name, "‹\(pii.rawValue)›", width)
            } else {
                slot.content.describe(field.name, width, in: &self)
            }
        }
        if let unknown = message.unknown { line("unknown", text(unknown), width) }
        if message.slots.isEmpty, message.unknown == nil, depth == 0 { lines.append("(empty)") }
    }

    /// One label and its value.
    mutating func line(_ label: String, _ value: String, _ width: Int) {
        let padding = String(repeating: " ", count: max(0, width - label.unicodeScalars.count))
        let indent = String(repeating: "  ", count: depth)
        lines.append(value.isEmpty ? indent + label : "\(indent)\(label)\(padding)  \(value)")
    }

    /// A label, and a message below it; a union of a plain value on the same line.
    mutating func nested(_ label: String, _ inner: DynamicMessage, _ width: Int) {
        if inner.type.table.isUnion, let slot = inner.slots.first {
            let member = inner.type.fields[slot.field]
            let hidden = showsPersonalData ? nil : member.pii.map { "‹\($0.rawValue)›" }
            if let text = hidden ?? slot.content.shortText {
                return line(label, "\(member.name) \(text)", width)
            }
        }
        let isEmpty = inner.slots.isEmpty && inner.unknown == nil
        line(label, isEmpty ? "(empty)" : "", label.utf8.count)
        depth += 1
        message(inner)
        depth -= 1
    }

    /// Elements on one line if they fit, else one per line.
    mutating func elements(_ label: String, _ texts: [String], _ width: Int) {
        let joined = "[" + texts.joined(separator: ", ") + "]"
        if 2 * depth + width + joined.utf8.count <= 90 { return line(label, joined, width) }
        line(label, "\(texts.count) elements", width)
        depth += 1
        let labels = texts.indices.map { "[\($0)]" }
        let inner = labels.last?.utf8.count ?? 0
        for (label, text) in zip(labels, texts) { line(label, text, inner) }
        depth -= 1
    }

    mutating func entries(_ label: String, _ body: (inout Outline) -> Void) {
        line(label, "", 0)
        depth += 1
        body(&self)
        depth -= 1
    }

    private func text(_ unknown: UnknownFields) -> String {
        var scanner = RecordScanner(unknown.bytes)
        var numbers: [Int] = []
        while let record = try? scanner.next() {
            if numbers.last != record.number { numbers.append(record.number) }
        }
        let names = numbers.prefix(8).map(String.init).joined(separator: ", ")
        let size = "\(unknown.bytes.count) bytes of field\(numbers.count == 1 ? "" : "s") \(names)"
        return showsPersonalData ? "\(size): \(ValueText.hex(unknown.bytes))" : size
    }
}

extension SingularContent {
    func describe(_ label: String, _ width: Int, in outline: inout Outline) {
        if let message = value as? DynamicMessage {
            outline.nested(label, message, width)
        } else {
            outline.line(label, ValueText.text(value), width)
        }
    }

    var shortText: String? { value is DynamicMessage ? nil : ValueText.text(value) }
}

extension FieldContent {
    /// The value, if it is a plain one.
    var shortText: String? { nil }

    /// The elements of a list.
    func describe<T: WireValue>(
        list values: [T], _ label: String, _ width: Int, in outline: inout Outline
    ) {
        guard let messages = values as? [DynamicMessage] else {
            return outline.elements(label, values.map { ValueText.text($0) }, width)
        }
        for (index, message) in messages.enumerated() {
            outline.nested("\(label)[\(index)]", message, 0)
        }
    }
}

extension PackedContent {
    func describe(_ label: String, _ width: Int, in outline: inout Outline) {
        describe(list: values, label, width, in: &outline)
    }
}

extension FixedPackedContent {
    func describe(_ label: String, _ width: Int, in outline: inout Outline) {
        describe(list: values, label, width, in: &outline)
    }
}

extension ListContent {
    func describe(_ label: String, _ width: Int, in outline: inout Outline) {
        describe(list: values, label, width, in: &outline)
    }
}

extension MapContent {
    func describe(_ label: String, _ width: Int, in outline: inout Outline) {
        outline.entries(label) { outline in
            let keys = map.keys.map { ValueText.text($0) }
            let width = keys.map(\.unicodeScalars.count).max() ?? 0
            for (key, value) in zip(keys, map.values) {
                if let message = value as? DynamicMessage {
                    outline.nested(key, message, width)
                } else {
                    outline.line(key, ValueText.text(value), width)
                }
            }
        }
    }
}
