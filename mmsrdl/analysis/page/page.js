'use strict';

// Sorts a table by a column: numbers by size, empty cells last.
function sort(table, header) {
  const ascending = header.getAttribute('aria-sort') === 'descending';
  const index = header.cellIndex;
  const isNumber = header.classList.contains('number');
  const rows = [...table.tBodies[0].rows].map((row) => {
    const text = row.cells[index].textContent.trim();
    return {row, key: isNumber ? parseFloat(text.replaceAll(',', '')) : text};
  });
  const isEmpty = ({key}) => Number.isNaN(key) || key === '';
  rows.sort((a, b) => {
    if (isEmpty(a) || isEmpty(b)) return isEmpty(a) - isEmpty(b);
    const order = isNumber ? a.key - b.key : a.key.localeCompare(b.key);
    return ascending ? order : -order;
  });
  for (const other of table.tHead.rows[0].cells) {
    other.removeAttribute('aria-sort');
  }
  header.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
  table.tBodies[0].append(...rows.map(({row}) => row));
}

for (const header of document.querySelectorAll('th')) {
  header.firstElementChild.addEventListener('click', () => {
    sort(header.closest('table'), header);
  });
}

// Shows the rows that contain what was typed.
for (const input of document.querySelectorAll('input[type=search]')) {
  const table = document.getElementById(input.dataset.table);
  input.addEventListener('input', () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
}

// A picture that was made to fit shows its full size, and back.
for (const box of document.querySelectorAll('.picture')) {
  box.addEventListener('click', () => box.classList.toggle('full'));
}
