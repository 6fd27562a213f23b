/// Files of ensembles.
enum EnsembleText {
    /// - Parameter members: such as `trees 1` or `trees 1 weight 0.5 optional`.
    static func file(
        _ combine: String, on space: String, inputs: [String], _ members: [String]
    ) -> [UInt8] {
        let names = inputs.map { "\"\($0)\"" }.joined(separator: ",")
        let stated = members.map { member in
            let words = member.split(separator: " ")
            var text = "{\"model\":\"\(words[0])\",\"version\":\(words[1])"
            if let place = words.firstIndex(of: "weight") {
                text += ",\"weight\":\(words[place + 1])"
            }
            return text + (words.contains("optional") ? ",\"optional\":true}" : "}")
        }
        return Array(
            """
            {"format":"assay-ensemble","version":1,"inputs":[\(names)],"combine":"\(combine)",
             "on":"\(space)","members":[\(stated.joined(separator: ","))]}
            """.utf8)
    }
}
