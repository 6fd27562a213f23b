/// All reason codes by name, read from a table with the columns code, group, disclosure, text and
/// customer_text.
public struct ReasonCodeTable: Sendable {
    public let codes: [String: ReasonCode]

    public init(_ text: String, file: String) throws(ConfigurationFailure) {
        var problems: [Problem] = []
        let table = TabSeparatedFile(
            text, file: file, columns: ["code", "group", "disclosure", "text", "customer_text"],
            &problems)
        var codes: [String: ReasonCode] = [:]
        for row in table.rows {
            func refuse(_ message: String) {
                problems.append(Problem(file: file, line: row.line, column: 1, message: message))
            }
            guard let disclosure = ReasonCode.Disclosure(rawValue: row["disclosure"]) else {
                refuse("expected customer, generic or never, found '\(row["disclosure"])'")
                continue
            }
            let code = ReasonCode(
                code: row["code"], group: row["group"], disclosure: disclosure, text: row["text"],
                customerText: row["customer_text"])
            if code.code.isEmpty || code.code.utf8.count > 64 {
                refuse("a code has 1 to 64 letters")
            }
            if disclosure == .customer, code.customerText.isEmpty {
                refuse("\(code.code) may be told to customers, but has no text for them")
            }
            if codes.updateValue(code, forKey: code.code) != nil {
                refuse("\(code.code) stands twice in the table")
            }
        }
        for code in ReasonCode.system where codes[code] == nil {
            problems.append(
                Problem(file: file, line: 1, column: 1, message: "the code \(code) is missing"))
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
        self.codes = codes
    }

    public subscript(_ code: String) -> ReasonCode? { codes[code] }
}
