#include <iostream>
#include <stdexcept>
#include <vector>
int main() {
  std::vector<int> numbers{1, 2, 3};
  try {
    return numbers.at(3);
  } catch (const std::out_of_range &) {
    std::cout << "c++: caught, of " << numbers.size() << std::endl;
  }
  return 0;
}
