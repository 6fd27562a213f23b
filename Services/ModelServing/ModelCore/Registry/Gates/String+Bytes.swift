extension String {
    /// As much of it as so many bytes hold, whole characters.
    func cut(toBytes count: Int) -> String {
        if utf8.count <= count { return self }
        var text = ""
        for character in self {
            guard text.utf8.count + String(character).utf8.count <= count - 3 else { break }
            text.append(character)
        }
        return text + "…"
    }
}
