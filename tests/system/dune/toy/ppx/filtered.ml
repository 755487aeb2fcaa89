let answer = $
