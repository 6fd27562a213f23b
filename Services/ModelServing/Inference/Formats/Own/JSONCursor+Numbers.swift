internal import Numerics

// Numbers and keys as Assay's own formats write them.
extension JSONCursor {
    /// A finite float64: a decimal number, or text with a hexadecimal float, which is exact.
    func number() throws(ModelFileError) -> Double {
        guard kind == .string else { return try double() }
        guard let value = HexFloat.parse(try text()) else {
            throw error("expected a number, or a hexadecimal float in quotes such as \"0x1.8p+1\"")
        }
        guard value.isFinite else { throw error("the number does not fit a float64") }
        return value
    }

    /// Numbers of a list; exactly `count` of them, if that is stated.
    func numbers(count: Int? = nil, of what: String = "elements") throws(ModelFileError) -> [Double]
    {
        let length = try self.count()
        if let count, length != count {
            throw error("\(length) \(what), expected \(count)")
        }
        var result: [Double] = []
        result.reserveCapacity(length)
        try visit { (_, element) throws(ModelFileError) in result.append(try element.number()) }
        return result
    }

    func texts(limit: Int) throws(ModelFileError) -> [String] {
        let length = try count()
        guard length <= limit else { throw error("\(length) texts; at most \(limit) are read") }
        var result: [String] = []
        try visit { (_, element) throws(ModelFileError) in result.append(try element.text()) }
        return result
    }

    /// A member that the reader does not know could change what the model means.
    func requireKeys(_ known: Set<String>) throws(ModelFileError) {
        for (key, value) in try members() where !known.contains(key) {
            throw value.error(
                "\"\(key.prefix(64))\" is not known here",
                remedy: "known are \(known.sorted().joined(separator: ", "))")
        }
    }

    /// The first of these members that is there.
    func firstField(_ names: StaticString...) throws(ModelFileError) -> JSONCursor? {
        for name in names {
            if let field = try optionalField(name) { return field }
        }
        return nil
    }

    /// The names of the inputs: texts, none twice, none empty.
    func inputNames(limit: Int) throws(ModelFileError) -> [String] {
        let names = try texts(limit: limit)
        guard !names.isEmpty else { throw error("a model without inputs") }
        var seen: Set<String> = []
        try visit { (index, element) throws(ModelFileError) in
            guard !names[index].isEmpty else { throw element.error("an input without a name") }
            guard seen.insert(names[index]).inserted else {
                throw element.error("the input \(names[index]) stands here twice")
            }
        }
        return names
    }
}
