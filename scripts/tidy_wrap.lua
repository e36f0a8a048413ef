-- SPDX-License-Identifier: Apache-2.0
-- Mends what tidy finds most often: comments beyond the last column, which swift-format leaves.
--
-- A paragraph of comment lines is filled anew from its first long line on; a long line of code with
-- a comment behind it gets the comment above. Lines with columns of their own (two spaces inside)
-- are left to their author, and so is code.

local function splitComment(line)
  local indent, marker, hang, text = line:match "^(%s*)(//[/!]?)( +)(%S.*)$"
  if not indent then indent, marker, hang, text = line:match "^(%s*)(%-%-)( +)(%S.*)$" end
  if not indent then indent, marker, hang, text = line:match "^( +)(%*)( +)(%S.*)$" end
  if not indent then return nil end
  return { indent = indent, marker = marker, hang = hang, text = text }
end

local function isItem(text) return text:match "^[-*] " or text:match "^%d+%. " end

-- Fills `words` into lines of at most `columns`; the first begins with `first`, others with `rest`.
local function fill(words, first, rest, columns)
  local lines, current = {}, first
  local empty = true
  for word in words:gmatch "%S+" do
    local longer = empty and current .. word or current .. " " .. word
    if not empty and utf8.len(longer) > columns then
      lines[#lines + 1] = current
      current = rest .. word
    else
      current = longer
    end
    empty = false
  end
  lines[#lines + 1] = current
  return lines
end

-- The paragraph that begins at `lines[at]`: its words, and the line behind it.
local function paragraph(lines, at, comment, hang)
  local words, next = comment.text, at + 1
  while lines[next] do
    local other = splitComment(lines[next])
    local same = other and other.indent == comment.indent and other.marker == comment.marker
      and other.hang == hang and not isItem(other.text) and not other.text:find "%S  +%S"
    if not same then break end
    words = words .. " " .. other.text
    next = next + 1
  end
  return words, next
end

-- The lines of a file with its long comments wrapped.
return function(file, columns)
  local out, at = {}, 1
  local function put(lines) for _, line in ipairs(lines) do out[#out + 1] = line end end
  while at <= #file.lines do
    local line = file.lines[at]
    local comment = splitComment(line)
    local long = (utf8.len(line) or #line) > columns
    local code, trailing = line:match "^(%s*%S.-)%s%s+(//.*)$"
    if long and comment and not comment.text:find "%S  +%S" then
      local hang = comment.hang .. (" "):rep(#(isItem(comment.text) or ""))
      local words, next = paragraph(file.lines, at, comment, hang)
      local before = comment.indent .. comment.marker
      put(fill(words, before .. comment.hang, before .. hang, columns))
      at = next
    elseif long and not comment and code and utf8.len(code) <= columns then
      local marker, text = trailing:match "^(//[/!]?)%s*(.*)$"
      local before = code:match "^%s*" .. marker .. " "
      put(fill(text, before, before, columns))
      out[#out + 1] = code
      at = at + 1
    else
      out[#out + 1] = line
      at = at + 1
    end
  end
  return table.concat(out, "\n") .. "\n"
end
